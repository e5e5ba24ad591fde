"""Every choice that moves a number, and what a computation may use."""
