"""All settings that affect the numbers, and the resources of a computation."""
