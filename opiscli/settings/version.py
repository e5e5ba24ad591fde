"""The version, which every signature ends with."""

__version__ = "0.2.0"
