"""Customers and staff each read and write their own language."""
