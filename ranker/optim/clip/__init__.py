"""Clippers, one a file; to clip nothing, give the optimizer an empty list."""
