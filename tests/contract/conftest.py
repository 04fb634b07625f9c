"""SQLite; both databases for what they do differently, and for each statement in one test at least."""

from __future__ import annotations

import pytest

BOTH_DATABASES = pytest.mark.parametrize("database_url", ["sqlite", "postgres"], indirect=True)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, unless the test asks for both."""
    return str(request.getfixturevalue(f"{request.param}_url"))
