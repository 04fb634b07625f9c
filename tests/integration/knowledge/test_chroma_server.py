"""The index in a Chroma server, which may come up after us and go away under us."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.errors import KnowledgeUnavailable
from knowledge.open import open_knowledge
from knowledge.process.child import State
from knowledge.settings import KnowledgeSettings
from tests.integration.knowledge.conftest import PATIENCE
from tests.servers.process import ServerProcess, free_port, listens

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


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


async def test_two_processes_share_an_index_and_outlive_the_server(settings: KnowledgeSettings, tmp_path: Path) -> None:
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
            assert (await two.retriever.retrieve("How do bees tell the way?")).passages[0].source == "bees.md"
        with pytest.raises(KnowledgeUnavailable):
            await two.retriever.retrieve("How do bees tell the way?")
        with chroma_server(tmp_path / "server", port):
            assert (await two.retriever.retrieve("How do bees tell the way?")).passages[0].source == "bees.md"
        assert not settings.directory.exists()
    finally:
        await one.close()
        await two.close()
