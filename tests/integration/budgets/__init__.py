"""Budgets on running hubs."""
