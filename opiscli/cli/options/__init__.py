"""Options that commands share, alone and in groups."""
