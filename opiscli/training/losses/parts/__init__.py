"""Building blocks that several losses share."""
