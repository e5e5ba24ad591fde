"""Metrics: pure functions from counts to numbers."""
