"""One town for all tests of the module: its customers are new in every test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.channels.town import Town, town


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platforms(knowledge_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Every platform, and the hubs."""
    async with town(knowledge_template, tmp_path_factory.mktemp("town")) as built:
        yield built
        assert built.telegram.problems == built.polled_telegram.problems == []
