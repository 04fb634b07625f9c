"""A conversation on a terminal, for trying the hub out and for scripts."""
