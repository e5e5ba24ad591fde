"""Embeddings: unit vectors with their classes."""
