"""What comes out of counting: integers, and the file that keeps them."""
