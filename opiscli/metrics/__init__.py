"""Pure functions: counts in, numbers out."""
