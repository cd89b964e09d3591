"""A table to a spec that trains as it stands: what each column is, what hurts, what leaks."""
