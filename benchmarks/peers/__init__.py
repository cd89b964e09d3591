"""One model and the same rows for every trainer that benchmarks/speed.py times."""
