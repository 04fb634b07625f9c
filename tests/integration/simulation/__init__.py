"""Conversations through a hub and the platforms on loopback."""
