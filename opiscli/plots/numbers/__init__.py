"""The data of each picture."""
