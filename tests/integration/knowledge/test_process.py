"""The knowledge process lives and dies with its parent, costs nothing when idle, and says why it cannot start."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience
from knowledge.gaps import likeness
from knowledge.open import open_knowledge
from knowledge.process.child import State
from knowledge.settings import KnowledgeSettings
from knowledge.sources import SourceOptions
from tests.integration.knowledge.conftest import PATIENCE
from tests.servers.models import MODELS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]

PARENT = """
import asyncio, sys
from pathlib import Path
from knowledge.open import open_knowledge
from knowledge.settings import KnowledgeSettings

async def main():
    knowledge = open_knowledge(KnowledgeSettings(directory=Path(sys.argv[1]), models=Path(sys.argv[3])))
    await knowledge.start()
    if sys.argv[2] == "warm":
        await knowledge.warm(240)
    while knowledge.health().pid is None:
        await asyncio.sleep(0.01)
    print(knowledge.health().pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("moment", ["loading", "warm"])
def test_it_dies_with_a_killed_parent_and_idles_before(tmp_path: Path, moment: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), moment, str(MODELS)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        if moment == "warm":
            _until_idle(child)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.communicate(timeout=60)

    child.wait(timeout=60)


def _until_idle(child: psutil.Process) -> None:
    """What it prepares once in the background (the examples of talk) comes to an end."""
    deadline = time.monotonic() + 60
    child.cpu_percent()
    while (used := child.cpu_percent(interval=1.0)) >= 3.0:
        assert time.monotonic() < deadline, f"it still uses {used} % of a processor"


def test_the_parent_imports_nothing_heavy() -> None:
    heavy = ["chromadb", "torch", "markitdown", "numpy", "transformers", "sentence_transformers"]
    code = f"import sys, knowledge.open; print([name for name in {heavy} if name in sys.modules])"

    output = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    assert output.stdout.strip() == "[]"


async def test_start_returns_at_once_and_questions_wait_or_are_told(settings: KnowledgeSettings) -> None:
    knowledge = open_knowledge(replace(settings, query_timeout=0.2))
    with pytest.raises(KnowledgeUnavailable, match="not open"):
        await knowledge.retriever.retrieve("anything")
    await knowledge.start()
    try:
        assert knowledge.health().state is State.LOADING
        assert not await knowledge.retriever.ready()
        with pytest.raises(KnowledgeUnavailable, match="still loading"):
            await knowledge.retriever.retrieve("anything")
        pid = knowledge.health().pid
    finally:
        await knowledge.close()

    assert knowledge.health().state is State.STOPPED
    assert pid is not None
    assert not psutil.pid_exists(pid)
    with pytest.raises(KnowledgeUnavailable):
        await knowledge.retriever.retrieve("anything")


async def test_a_model_that_does_not_exist_is_named_once_and_not_tried_again(
    settings: KnowledgeSettings, tmp_path: Path
) -> None:
    folder = tmp_path / "no-model"
    folder.mkdir()
    knowledge = open_knowledge(replace(settings, embedding_model=str(folder)))
    await knowledge.start()
    try:
        with pytest.raises(KnowledgeUnavailable, match="EMBEDDING_MODEL") as caught:
            await knowledge.warm(PATIENCE)
        assert str(folder) in caught.value.detail
        assert knowledge.health().state is State.FAILED
        with pytest.raises(KnowledgeUnavailable, match="EMBEDDING_MODEL"):
            await knowledge.retriever.retrieve("anything")
    finally:
        await knowledge.close()
    assert knowledge.health().restarts == 0


async def test_a_frozen_process_is_replaced(settings: KnowledgeSettings) -> None:
    """Three questions without an answer: the process is taken for stuck."""
    knowledge = open_knowledge(replace(settings, query_timeout=0.5))
    await knowledge.start()
    try:
        await knowledge.warm(PATIENCE)
        pid = knowledge.health().pid
        assert pid is not None
        process = psutil.Process(pid)
        process.suspend()
        for _ in range(3):
            with pytest.raises(KnowledgeUnavailable, match="no answer"):
                await knowledge.retriever.retrieve("anything")
        await asyncio.to_thread(process.wait, 60)
        with pytest.raises(KnowledgeUnavailable, match="still loading"):
            await knowledge.retriever.retrieve("anything")
    finally:
        await knowledge.close()


async def test_work_that_takes_long_is_no_silence(settings: KnowledgeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three comparisons of questions in a row that take too long do not end the process that answers customers."""
    monkeypatch.setattr(likeness, "_PATIENCE", 0.2)
    knowledge = open_knowledge(settings)
    await knowledge.start()
    try:
        await knowledge.warm(PATIENCE)
        pid = knowledge.health().pid
        process = psutil.Process(pid)
        process.suspend()
        for _ in range(4):
            with pytest.raises(KnowledgeUnavailable, match="no answer"):
                await knowledge.likeness.cosines(["a"], ["b"])
        process.resume()
        await knowledge.retriever.retrieve("anything")
        assert (knowledge.health().pid, knowledge.health().restarts) == (pid, 0)
    finally:
        await knowledge.close()


async def test_what_is_for_staff_now_is_closed_with_the_next_question(
    settings: KnowledgeSettings, tmp_path: Path
) -> None:
    """Without a run, after a start with a folder that was for customers before."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "margins.md").write_text("# Margins\n\nOur margins are thirty percent.")
    found = []
    for audience in (KnowledgeAudience.PUBLIC, KnowledgeAudience.STAFF):
        described = replace(settings, threshold=0.1, sources=(SourceOptions(str(docs), audience=audience),))
        knowledge = open_knowledge(described)
        await knowledge.start()
        try:
            await knowledge.warm(PATIENCE)
            if audience is KnowledgeAudience.PUBLIC:
                await knowledge.writer.index([str(docs)])
            closed = await knowledge.writer.close_for_staff([str(docs)])
            for who in KnowledgeAudience:
                asked = await knowledge.retriever.retrieve("What are our margins?", audience=who)
                found.append((closed, who, len(asked.passages)))
        finally:
            await knowledge.close()
    public, staff = KnowledgeAudience.PUBLIC, KnowledgeAudience.STAFF
    assert sorted(found) == sorted([(0, public, 1), (0, staff, 1), (1, public, 0), (1, staff, 1)])
