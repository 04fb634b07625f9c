"""Measures how well a knowledge base finds, and how well it knows what it does not hold."""
