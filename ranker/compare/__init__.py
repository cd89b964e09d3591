"""Grids of runs, their statistics, and the report that says which safeguard to use."""
