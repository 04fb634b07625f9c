"""The index in a Chroma server, which may come up after us and go away under us."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.errors import KnowledgeUnavailable
from knowledge.open import Knowledge, open_knowledge
from knowledge.process.child import State
from knowledge.settings import KnowledgeSettings
from tests.integration.knowledge.conftest import PATIENCE
from tests.servers.process import ServerProcess, free_port, listens

pytestmark = pytest.mark.slow


@contextmanager
def chroma_server(folder: Path, port: int) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    program = Path(sys.executable).with_name("chroma")
    command = [program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)]
    server = ServerProcess(command, log=folder / "server.log", cwd=folder)
    server.start()
    try:
        server.wait_ready(lambda: listens(port), timeout=60)
        yield
    finally:
        server.end(signal.SIGKILL)


async def finds(knowledge: Knowledge, source: str) -> bool:
    passages = (await knowledge.retriever.retrieve("How do bees tell the way?")).passages
    return [passage.source for passage in passages[:1]] == [source]


async def knows(knowledge: Knowledge, documents: int) -> bool:
    return knowledge.health().documents == documents


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """The other process looks for what is new every second."""
    for _ in range(600):
        if await true():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the other process never noticed")


async def test_two_processes_share_an_index_and_answer_on_while_the_server_is_away(
    settings: KnowledgeSettings, tmp_path: Path
) -> None:
    (tmp_path / "bees.md").write_text("Bees dance to tell the way.")
    port = free_port()
    settings = replace(settings, chroma_url=f"http://127.0.0.1:{port}")
    one, two = open_knowledge(settings), open_knowledge(settings)
    await one.start()
    try:
        with pytest.raises(KnowledgeUnavailable, match="CHROMA_URL does not answer"):
            await one.retriever.retrieve("Who dances?")
        assert one.health().state is State.FAILED
        with chroma_server(tmp_path / "server", port):
            await one.warm(PATIENCE)
            assert one.health().restarts == 0
            await two.start()
            await two.warm(PATIENCE)
            await one.writer.index([str(tmp_path / "bees.md")])
            assert await finds(one, "bees.md")
            await until(lambda: finds(two, "bees.md"))
        assert await finds(two, "bees.md")
        (tmp_path / "wasps.md").write_text("Wasps build with paper.")
        with pytest.raises(KnowledgeUnavailable):
            await one.writer.index([str(tmp_path / "wasps.md")])
        with chroma_server(tmp_path / "server", port):
            assert (await one.writer.index([str(tmp_path / "wasps.md")])).indexed == 1
            await until(lambda: knows(two, 2))
        assert not settings.directory.exists()
    finally:
        await one.close()
        await two.close()
