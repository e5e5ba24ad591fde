"""One result as one page: no network, no foreign script, everything inside."""
