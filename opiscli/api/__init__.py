"""The Python functions, one for each command; import them from `opiscli`."""
