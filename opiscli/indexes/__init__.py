"""FAISS index files: read without trust in what they hold."""
