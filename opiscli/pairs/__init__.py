"""The blocked engine: every pair is formed here, and leaves as integer counts."""
