"""Protocols between the core and everything around it, one per file."""
