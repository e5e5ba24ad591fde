"""Trains a head on frozen embeddings so that its classes agree on a threshold."""
