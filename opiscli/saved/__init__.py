"""Files that keep a head, and a training under way."""
