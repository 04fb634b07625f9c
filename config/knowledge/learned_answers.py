"""What staff approved, as a FAQ file of the hub's own that is indexed like every other source.

The database is what counts; the file is written from it by every worker, so that it is there after a move or a restore.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import structlog
import yaml

from config.knowledge.indexing import Indexing
from config.processes.loops import LoopTask
from config.settings import Settings
from core.clock import SystemClock
from core.domain.errors import HubError, KnowledgeUnavailable, StoreUnavailable
from core.domain.knowledge import IndexReport
from core.domain.learning import Compared, LearnedAnswer
from core.ports.clock import Clock
from core.ports.learning import Learning
from knowledge.open import Knowledge
from knowledge.sources import identity_of
from knowledge.sources.options import LEARNED

log = structlog.get_logger(__name__)

_REFUSED = 300.0
"""Seconds after which a file of which nothing was taken is tried again, unless it is another one by then."""
_READ = 30.0
"""Seconds after which all of them are read, whatever their mark is."""
_LEFT = 3600.0
"""Seconds after which half a file is nobody's any more."""


class Sources(Protocol):
    """What is indexed. Reading raises HubError."""

    async def add(self, source: str) -> IndexReport:
        """From now on this is one of them; the index is brought in line."""
        ...

    async def drop(self, source: str) -> object:
        """This is none of them any more, and nothing of it is found."""
        ...

    def expect(self, source: str) -> None:
        """This is one of them, and read with the next run over all of them."""
        ...


def learned_file(settings: Settings) -> Path:
    """Where it is kept, whether or not there is one yet."""
    return settings.data_dir / "knowledge" / "desk.faq.yaml"


def written(answers: Sequence[LearnedAnswer]) -> str:
    """The FAQ. The source of each names the ticket and the day, and nobody."""
    entries = [{"question": one.question, "answer": one.answer, "section": one.origin} for one in answers]
    text: str = yaml.safe_dump(entries, allow_unicode=True, sort_keys=False, width=100)
    return text


async def put_right(learning: Learning, path: Path) -> None:
    """A file that lies here says from now on what is approved; it may be an old one, on a machine where no worker keeps it.

    Where there is none, none is written: what the index holds of it stays as it is. Raises StoreUnavailable.
    """
    if not await asyncio.to_thread(path.is_file):
        return
    answers = await learning.learned_answers()
    if answers:
        await asyncio.to_thread(lambda: _changed(path, written(answers)))
    else:
        await asyncio.to_thread(path.unlink, missing_ok=True)


class LearnedRegression:
    """Implements core.ports.learning.Regression; where nothing is indexed yet, nothing can be pushed out of its place."""

    def __init__(self, knowledge: Knowledge, indexing: Indexing) -> None:
        self._knowledge = knowledge
        self._indexing = indexing

    async def compare(self, question: str, answer: str) -> Compared:
        """See Regression.compare."""
        if self._indexing.idle_without_sources:
            return Compared()
        return await self._knowledge.regression.compare(question, answer)


class LearnedAnswers:
    """A loop of a worker: what was approved a moment ago is what customers are answered with, what was withdrawn is not."""

    def __init__(
        self,
        learning: Learning,
        path: Path,
        sources: Sources,
        *,
        poll: float = 3.0,
        clock: Clock = SystemClock(),  # noqa: B008 - it holds nothing
    ) -> None:
        self._clock = clock
        self._learning = learning
        self._path = path
        self._sources = sources
        self._poll = poll
        self._unindexed = False
        self._mark = ""
        self._read_until = 0.0
        self._known: Sequence[LearnedAnswer] = ()
        self._text = ""
        self._looked = False
        self._refused_until = 0.0
        self._loop = LoopTask()

    def start(self) -> None:
        """Returns at once."""
        self._loop.begin(self._run(), "learned answers")

    async def stop(self) -> None:
        """What was written and not indexed is indexed by the next start."""
        await self._loop.end()

    async def once(self) -> bool:
        """Whether there was something new. Raises HubError."""
        await self._look()
        if not self._known:
            return await self._nothing_left()
        fresh = await asyncio.to_thread(_changed, self._path, self._text)
        self._unindexed = self._unindexed or fresh
        if not self._unindexed or (not fresh and self._clock.monotonic() < self._refused_until):
            return False
        self._hear(await self._sources.add(LEARNED))
        self._unindexed = False
        log.info("learned.indexed", answers=len(self._known))
        return True

    async def _look(self) -> None:
        """All of them are read where others are approved now, and sometimes: the words of one may be put right by hand."""
        mark, now = await self._learning.approved_mark(), self._clock.monotonic()
        if mark == self._mark and now < self._read_until:
            return
        answers = await self._learning.learned_answers()
        if answers != self._known:  # YAML of many answers takes seconds: once, and not where customers are served
            self._text = await asyncio.to_thread(written, answers)
            self._known = answers
        self._mark, self._read_until = mark, now + _READ

    def _hear(self, report: IndexReport) -> None:
        """Raises KnowledgeUnavailable where the file as a whole was not taken: it is tried again. What of it was not is told."""
        ours = [one for one in report.sources if one.id == identity_of(LEARNED)]
        failures = [reason for one in ours for _, reason in one.failures]
        if ours and not any(one.indexed or one.unchanged for one in ours):
            self._refused_until = self._clock.monotonic() + _REFUSED
            raise KnowledgeUnavailable("; ".join(failures) or "nothing of it was read")
        for reason in failures:
            log.error("learned.left_out", reason=reason)

    async def _nothing_left(self) -> bool:
        """A file without questions is refused as a mistake. It goes last, so that a crash before that is made good.

        What was withdrawn while no process of this index ran, and where the file is gone with its disk, is still in the index.
        """
        if not await asyncio.to_thread(self._path.is_file):
            if not self._looked:
                self._sources.expect(LEARNED)
            self._looked = True
            return False
        await self._sources.drop(LEARNED)
        await asyncio.to_thread(self._path.unlink, missing_ok=True)
        self._unindexed = False
        log.info("learned.nothing_left")
        return True

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
            except StoreUnavailable as error:
                log.warning("learned.store_unavailable", error=error.detail)
            except HubError as error:
                log.warning("learned.not_indexed", error=error.detail)
            except Exception:  # a loop that ends here would never learn again until the next start
                log.exception("learned.failed")
            await self._clock.sleep(self._poll)


def _changed(path: Path, text: str) -> bool:
    """Write it where it is not there like that; the old one stays until the new one is whole."""
    with contextlib.suppress(OSError):
        if path.read_text(encoding="utf-8") == text:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(
        f".{path.name}.*"
    ):  # by a process that was killed over it; another one may be at it now
        with contextlib.suppress(OSError):
            if left.stat().st_mtime < time.time() - _LEFT:
                left.unlink()
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return True


def make_learned(settings: Settings, learning: Learning, sources: Sources) -> LearnedAnswers | None:
    """None where there are no staff to learn from."""
    learns = settings.desk_learn and settings.slack_staff_channel is not None
    return LearnedAnswers(learning, learned_file(settings), sources) if learns else None
