"""``switchboard index`` beside hubs that share its databases: one at a time writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from config.commands import index
from config.knowledge import knowledge_parts
from config.knowledge.indexing import ELECTED
from config.processes.data_dir import DataDirLock
from config.settings import read_settings
from core.clock import SystemClock
from core.domain.errors import ConfigError
from core.domain.knowledge import IndexReport
from core.storage.store import SqlStore
from knowledge.sources import SourceOptions
from knowledge.sources.refresh import Turn

FETCHING = "crawl of help.example.com"


class Watched:
    """A knowledge base that tries, as another hub, to take what the command must hold by then."""

    def __init__(self, hub: SqlStore) -> None:
        self.hub = hub
        self.writer = self
        self.refresh = self
        self.retriever = self
        self.free: list[tuple[str, bool]] = []
        self.open = True

    async def start(self) -> None: ...

    async def warm(self) -> None: ...

    async def close(self) -> None:
        self.open = False

    def remote(self, roots: Sequence[str]) -> Sequence[str]:
        return roots

    async def run(self, _roots: object, _progress: object, _since: object, turn: Turn) -> Sequence[Any]:
        async with turn(SourceOptions("https://help.example.com/")):
            self.free.append((FETCHING, await self.hub.hold(FETCHING, "hub", 1.0)))
        return ()

    async def index(self, *_: Any, **__: Any) -> IndexReport:
        self.free.append((ELECTED, await self.hub.hold(ELECTED, "hub", 1.0)))
        return IndexReport(1, 0, 0, 1)

    def forget(self, *_: Any) -> None: ...


@pytest.fixture
async def hub(postgres_url: str) -> AsyncIterator[SqlStore]:
    store = SqlStore(postgres_url, SystemClock())
    await store.open()
    yield store
    await store.close()


async def test_of_hubs_and_commands_one_at_a_time_indexes(
    hub: SqlStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("CHROMA_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    watched = Watched(hub)
    monkeypatch.setattr(knowledge_parts, "make_knowledge", lambda settings: watched)

    report = await index._index(read_settings(), [str(tmp_path)], remove=False, confirmed=False)

    assert report.indexed == 1
    assert watched.free == [(FETCHING, False), (ELECTED, False)]
    assert await hub.hold(ELECTED, "hub", 1.0), "the others have their turn at once"
    assert not watched.open


async def test_an_index_that_is_listed_in_a_folder_has_one_owner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHROMA_URL", "http://127.0.0.1:8000")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    owner = DataDirLock(tmp_path)
    owner.require()
    try:
        with pytest.raises(ConfigError, match="in use by another switchboard"):
            await index._index(read_settings(), [str(tmp_path)], remove=False, confirmed=False)
    finally:
        owner.release()
