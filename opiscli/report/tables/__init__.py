"""Results as rows, for formats that another program reads."""
