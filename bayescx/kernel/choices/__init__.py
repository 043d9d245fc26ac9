"""Ordered categories given covariates: the compiled log density of hierarchical ordered probits, on plain arrays."""
