"""Frozen values of the field. Standard library only, so that every other layer may depend on them."""
