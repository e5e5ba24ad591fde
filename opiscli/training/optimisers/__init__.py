"""Optimisers for flat parameter vectors, in NumPy and SciPy."""
