"""A job for every night: prepare a day, judge the served model on it, train on, judge, publish."""
