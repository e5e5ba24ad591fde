"""Optimisers of flat parameter vectors, in NumPy and SciPy."""
