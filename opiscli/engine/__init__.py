"""Where every pair is formed and counted."""
