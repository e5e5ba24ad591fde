"""Which threshold meets a target."""
