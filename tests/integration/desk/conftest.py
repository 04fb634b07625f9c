"""Stores on both databases, with a clock that the test moves."""

from __future__ import annotations

from tests.contract.stores.conftest import clock, open_store, store

__all__ = ["clock", "open_store", "store"]
