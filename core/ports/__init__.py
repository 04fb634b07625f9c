"""Protocols between the core and everything around it, and the values that they are given."""
