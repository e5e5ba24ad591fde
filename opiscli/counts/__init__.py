"""The result of counting: integer counts, and the file that stores them."""
