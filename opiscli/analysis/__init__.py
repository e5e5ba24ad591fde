"""One question a file: what each command computes, from counts and embeddings."""
