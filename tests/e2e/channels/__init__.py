"""Customers on every platform at once, and the hub as it is run."""
