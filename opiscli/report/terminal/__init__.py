"""Results as a reader of a terminal sees them."""
