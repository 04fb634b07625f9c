"""Puts the passages that a search found into the order of a model that reads each of them beside the question."""
