"""Warnings that a reader must know before trusting a result."""
