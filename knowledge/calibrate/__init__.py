"""Finds out for one knowledge base and one model from which score on a passage may be quoted as an answer."""
