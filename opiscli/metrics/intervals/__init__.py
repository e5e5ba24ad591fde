"""Confidence intervals and bounds for the metrics."""
