"""How long a question takes while documents are indexed anew, beside how long it takes when nothing is, in turns.

All documents are rewritten before each run, so that every passage is embedded again: more than any night brings. Questions come
at a steady pace, whether the ones before them were answered or not, through the same process that indexes.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.report import Figure, Report
from bench.search_size import text_of
from knowledge.open import Knowledge, open_knowledge
from knowledge.settings import KnowledgeSettings
from tests.servers.models import MODELS

DOCUMENTS, ROUNDS, QUESTIONS = 300, 3, 150
_PARAGRAPHS, _WORDS = 6, 60
_PACE = 0.1
"""Seconds between two questions."""
_PATIENCE = 240.0


@dataclass(slots=True)
class Measured:
    """Milliseconds for each question. ``passages`` were embedded while the busy ones were asked, in ``seconds``."""

    quiet: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    passages: int = 0
    seconds: float = 0.0


async def measure(documents: int, rounds: int, questions: int) -> Measured:
    """``questions`` without a run, then as many as there is time for while one goes on; ``rounds`` times."""
    random, found = np.random.default_rng(5), Measured()
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as place:
        folder = Path(place) / "docs"
        folder.mkdir()
        knowledge = open_knowledge(
            KnowledgeSettings(directory=Path(place) / "chroma", models=MODELS, query_timeout=120.0)
        )
        await knowledge.start()
        try:
            await knowledge.warm(_PATIENCE)
            await _index(knowledge, folder, documents, random)
            await _asked(knowledge, random, asyncio.Event(), min(questions, 20))  # the first ones fill caches
            for _ in range(rounds):
                found.quiet += await _asked(knowledge, random, asyncio.Event(), questions)
                await _busy(knowledge, folder, documents, random, found)
        finally:
            await knowledge.close()
    return found


async def _busy(
    knowledge: Knowledge, folder: Path, documents: int, random: np.random.Generator, found: Measured
) -> None:
    over = asyncio.Event()
    asking = asyncio.create_task(_asked(knowledge, random, over, None))
    began = time.perf_counter()
    found.passages += await _index(knowledge, folder, documents, random)
    found.seconds += time.perf_counter() - began
    over.set()
    found.busy += await asking


async def _index(knowledge: Knowledge, folder: Path, documents: int, random: np.random.Generator) -> int:
    await asyncio.to_thread(_write, folder, documents, random)
    report = await knowledge.writer.index([str(folder)])
    assert report.indexed == documents, report
    return report.chunks


def _write(folder: Path, documents: int, random: np.random.Generator) -> None:
    for number in range(documents):
        paragraphs = [text_of(random, _WORDS) for _ in range(_PARAGRAPHS)]
        (folder / f"{number}.md").write_text(f"# Document {number}\n\n" + "\n\n".join(paragraphs))


async def _asked(
    knowledge: Knowledge, random: np.random.Generator, over: asyncio.Event, count: int | None
) -> list[float]:
    """Milliseconds of each question, until it is ``over`` or ``count`` were asked."""
    asked: list[asyncio.Task[float]] = []
    began = time.perf_counter()
    while not over.is_set() and (count is None or len(asked) < count):
        asked.append(asyncio.create_task(_one(knowledge, text_of(random, 12))))
        await asyncio.sleep(max(0.0, began + len(asked) * _PACE - time.perf_counter()))
    return await asyncio.gather(*asked)


async def _one(knowledge: Knowledge, question: str) -> float:
    began = time.perf_counter()
    await knowledge.retriever.retrieve(question)
    return (time.perf_counter() - began) * 1000


def run(report: Report) -> None:
    """The aim is that a run changes no question's latency by more than a fifth."""
    found = asyncio.run(measure(DOCUMENTS, ROUNDS, QUESTIONS))
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        quiet, busy = (float(np.quantile(each, share)) for each in (found.quiet, found.busy))
        report.add(
            Figure(f"a question while everything is indexed anew, {name}", busy, "ms", quiet, "when nothing is", "1.2")
        )
    report.add(Figure("indexing meanwhile", found.passages / found.seconds, "passages/s"))
