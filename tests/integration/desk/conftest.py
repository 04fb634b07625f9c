"""A store on SQLite, with a clock that the test moves; where several processes share it, on both databases.

What a store does on each of them, the contract in tests/contract/stores shows.
"""

from __future__ import annotations

from tests.contract.conftest import BOTH_DATABASES, database_url
from tests.contract.stores.conftest import clock, open_store, store

__all__ = ["BOTH_DATABASES", "clock", "database_url", "open_store", "store"]
