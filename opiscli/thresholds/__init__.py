"""Selection of the threshold that meets a target."""
