"""What each command computes, from counts and embeddings: one question per file."""
