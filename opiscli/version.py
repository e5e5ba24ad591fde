"""The version, which every signature ends with."""

__version__ = "0.1.0"
