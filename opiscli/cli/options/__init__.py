"""The options that commands share, one file a panel of ``--help``, alone and in groups."""
