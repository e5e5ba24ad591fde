"""Trains a head on frozen embeddings so that one threshold fits all classes."""
