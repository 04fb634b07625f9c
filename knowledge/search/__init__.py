"""Finds passages in one unchanging state of the knowledge: by meaning and by words, added up on one scale."""
