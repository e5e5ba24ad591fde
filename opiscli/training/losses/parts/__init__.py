"""What losses are made of; no loss itself."""
