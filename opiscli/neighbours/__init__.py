"""Nearest-neighbour searches, with ties settled in float64."""
