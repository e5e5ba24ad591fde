"""What is measured: unit vectors with their classes."""
