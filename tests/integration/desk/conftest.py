"""A store on SQLite, with a clock that the test moves; where several processes share it, on both databases.

What a store does on each of them, the contract in tests/contract/stores shows.
"""

from __future__ import annotations

import pytest

from tests.contract.stores.conftest import clock, open_store, store

__all__ = ["BOTH_DATABASES", "clock", "database_url", "open_store", "store"]

BOTH_DATABASES = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless the test asks for both."""
    return str(request.getfixturevalue(f"{request.param}_url"))
