"""The programs, one a sub-command of `ranker`: they read flags and print."""
