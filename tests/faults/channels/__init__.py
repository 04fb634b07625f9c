"""Faults through every channel but the web, whose own are one folder up."""
