"""What staff approved becomes a FAQ file that is indexed, again after every failure, and only when it is new."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from config.knowledge.indexing import Indexing
from config.knowledge.knowledge_parts import KnownToStaff, make_indexing
from config.knowledge.learned_answers import LearnedAnswers, learned_file, put_right, written
from config.processes.election import Election
from config.settings import read_settings
from core.domain.errors import KnowledgeUnavailable, StoreUnavailable
from core.domain.knowledge import IndexReport, SourceReport
from core.domain.learning import LearnedAnswer, LearningState
from core.ports.metrics import NoMetrics
from knowledge.convert.faq import faq_document, parse_data
from knowledge.open import Knowledge
from knowledge.sources import Catalog, identity_of
from knowledge.sources.options import LEARNED
from knowledge.sources.refresh import Refresh
from tests.contract.responders.world import SteppingClock

FIRST = LearnedAnswer(
    "c.1",
    "Darf ich es zurückgeben: ja?",
    "Ja.\n\n- in **30** Tagen",
    "TKT-20261121-0001, 2026-11-21",
    LearningState.APPROVED,
)


class Approved:
    """Implements Learning."""

    def __init__(self) -> None:
        self.answers: list[LearnedAnswer] = []
        self.read = 0

    async def learned(self, case_id: str) -> LearnedAnswer | None:
        """Not asked here."""
        raise AssertionError(case_id)

    async def learned_answers(self) -> list[LearnedAnswer]:
        """See Learning."""
        self.read += 1
        return list(self.answers)

    async def approved_mark(self) -> str:
        """See Learning."""
        return " ".join(f"{one.case_id}@{one.decided_at}" for one in self.answers)

    async def withdraw_answer(self, case_id: str, by: str) -> bool:
        """Not asked here."""
        raise AssertionError(case_id, by)


class FakeSources:
    """Implements Sources; once it is ``broken``. ``failures``: what the next report says that was left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.expected: list[str] = []
        self.failures: tuple[tuple[str, str], ...] = ()
        self.taken = 1
        self.indexed: list[str] = []
        self.dropped: list[str] = []
        self.broken = True

    async def add(self, source: str) -> IndexReport:
        """See Sources."""
        self._break()
        assert source == LEARNED
        self.indexed.append(await asyncio.to_thread(self.path.read_text, "utf-8"))
        one = SourceReport(identity_of(LEARNED), indexed=self.taken, failures=self.failures)
        return IndexReport(self.taken, 0, 0, 1, self.failures, sources=(one,))

    def expect(self, source: str) -> None:
        """See Sources."""
        self.expected.append(source)

    async def drop(self, source: str) -> None:
        """See Sources."""
        self._break()
        self.dropped.append(source)

    def _break(self) -> None:
        if self.broken:
            self.broken = False
            raise KnowledgeUnavailable("not yet")


class Reads:
    """A knowledge base that remembers what the file said in each run; None: there was none."""

    def __init__(self, path: Path) -> None:
        self.writer = self.retriever = self
        self.refresh = Refresh(Catalog())
        self.path = path
        self.seen: list[str | None] = []

    async def start(self) -> None: ...

    async def index(self, _paths: Sequence[str], **_: object) -> IndexReport:
        there = await asyncio.to_thread(self.path.is_file)
        self.seen.append(await asyncio.to_thread(self.path.read_text, "utf-8") if there else None)
        return IndexReport(1, 0, 0, 1)


async def test_it_is_indexed_once_and_after_a_failure_again(tmp_path: Path) -> None:
    path = tmp_path / "knowledge" / "desk.faq.yaml"
    approved, fake_sources = Approved(), FakeSources(path)
    learned = LearnedAnswers(approved, path, fake_sources)
    assert not await learned.once()
    approved.answers.append(FIRST)
    with pytest.raises(KnowledgeUnavailable):
        await learned.once()
    assert await learned.once()
    assert not await learned.once()
    assert len(fake_sources.indexed) == 1
    assert [one.name for one in (tmp_path / "knowledge").iterdir()] == ["desk.faq.yaml"]


async def test_all_of_them_are_read_only_when_there_is_something_new(tmp_path: Path) -> None:
    """Every worker looks every few seconds, and thousands of them keep those waiting who serve customers."""
    approved, fake_sources = Approved(), FakeSources(tmp_path / "desk.faq.yaml")
    fake_sources.broken = False
    approved.answers = [FIRST]
    learned = LearnedAnswers(approved, fake_sources.path, fake_sources, clock=SteppingClock())
    assert [await learned.once() for _ in range(3)] == [True, False, False]
    assert approved.read == 1
    await asyncio.to_thread(fake_sources.path.unlink)
    assert await learned.once(), "who removes the file gets it again"
    assert approved.read == 1
    approved.answers = [replace(FIRST, case_id="c.2")]
    assert [await learned.once() for _ in range(2)] == [False, False], "the same words"
    assert approved.read == 2


async def test_words_that_are_put_right_in_the_database_are_taken_in(tmp_path: Path) -> None:
    """That is how an answer is corrected; nothing else of its row changes."""
    clock, approved, fake_sources = SteppingClock(), Approved(), FakeSources(tmp_path / "desk.faq.yaml")
    fake_sources.broken = False
    approved.answers = [FIRST]
    learned = LearnedAnswers(approved, fake_sources.path, fake_sources, clock=clock)
    assert await learned.once()
    approved.answers = [replace(FIRST, answer="Nein.")]
    await clock.sleep(31.0)
    assert await learned.once()
    assert "Nein." in fake_sources.indexed[-1]


async def test_what_was_withdrawn_is_taken_out_also_the_last_one(tmp_path: Path) -> None:
    approved, fake_sources = Approved(), FakeSources(tmp_path / "desk.faq.yaml")
    fake_sources.broken = False
    learned = LearnedAnswers(approved, tmp_path / "desk.faq.yaml", fake_sources)
    second = replace(FIRST, case_id="c.2", question="Noch eine Frage?")
    approved.answers = [FIRST, second]
    assert await learned.once()
    approved.answers = [second]
    assert await learned.once()
    assert [FIRST.question in text for text in fake_sources.indexed] == [True, False]
    approved.answers, fake_sources.broken = [], True
    with pytest.raises(KnowledgeUnavailable):
        await learned.once()
    assert await learned.once(), "what failed is done again"
    assert not await learned.once()
    assert fake_sources.dropped == [LEARNED]
    assert not await asyncio.to_thread((tmp_path / "desk.faq.yaml").exists)
    approved.answers = [second]
    assert await learned.once(), "and what comes later is learned"


def test_the_file_says_what_was_approved() -> None:
    text = written([FIRST])
    (entry,) = faq_document(parse_data(text, json_only=False), text, title="Desk").entries
    assert (entry.question, entry.answer, entry.section) == (FIRST.question, FIRST.answer, FIRST.origin)


async def test_it_is_live_within_a_minute_also_where_the_index_is_away_at_first(tmp_path: Path) -> None:
    clock, approved, fake_sources = SteppingClock(), Approved(), FakeSources(tmp_path / "desk.faq.yaml")
    live = asyncio.Event()
    learned = LearnedAnswers(approved, tmp_path / "desk.faq.yaml", fake_sources, clock=clock)
    taken = fake_sources.add

    async def add(source: str) -> IndexReport:
        report = await taken(source)
        live.set()
        return report

    fake_sources.add = add  # type: ignore[method-assign]
    learned.start()
    for _ in range(200):
        await asyncio.sleep(0)
    approved.answers.append(FIRST)
    pressed = clock.time
    await live.wait()
    seconds = clock.time - pressed
    await learned.stop()
    assert len(fake_sources.indexed) == 1
    assert seconds <= 60


async def test_a_file_of_which_nothing_was_taken_is_no_success_and_is_tried_again(tmp_path: Path) -> None:
    clock, approved, fake_sources = SteppingClock(), Approved(), FakeSources(tmp_path / "desk.faq.yaml")
    fake_sources.broken, fake_sources.taken = False, 0
    fake_sources.failures = (("desk.faq.yaml", "refused by the model"),)
    learned = LearnedAnswers(approved, fake_sources.path, fake_sources, clock=clock)
    approved.answers = [FIRST]
    with pytest.raises(KnowledgeUnavailable, match="refused by the model"):
        await learned.once()
    assert not await learned.once(), "not every few seconds"
    fake_sources.taken, fake_sources.failures = 1, ()
    await clock.sleep(301.0)
    assert await learned.once()
    assert not await learned.once()


async def test_what_is_new_is_tried_at_once_whatever_was_refused_before(tmp_path: Path) -> None:
    approved, fake_sources = Approved(), FakeSources(tmp_path / "desk.faq.yaml")
    fake_sources.broken, fake_sources.taken = False, 0
    learned = LearnedAnswers(approved, fake_sources.path, fake_sources)
    approved.answers = [FIRST]
    with pytest.raises(KnowledgeUnavailable):
        await learned.once()
    approved.answers = [FIRST, replace(FIRST, case_id="c.2", question="Noch eine Frage?")]
    fake_sources.taken = 1
    assert await learned.once()


async def test_an_answer_that_is_left_out_is_said(tmp_path: Path) -> None:
    approved, fake_sources = Approved(), FakeSources(tmp_path / "desk.faq.yaml")
    fake_sources.broken = False
    fake_sources.failures = (("desk.faq.yaml", "Darf ich es zurückgeben: ja?: refused by the model"),)
    approved.answers = [FIRST]
    with capture_logs() as said:
        assert await LearnedAnswers(approved, fake_sources.path, fake_sources).once()
    [left] = [line for line in said if line["event"] == "learned.left_out"]
    assert (left["log_level"], "refused by the model" in left["reason"]) == ("error", True)


async def test_what_was_withdrawn_while_nobody_was_there_goes_with_the_next_run(tmp_path: Path) -> None:
    fake_sources = FakeSources(tmp_path / "desk.faq.yaml")
    learned = LearnedAnswers(Approved(), fake_sources.path, fake_sources)
    assert not await learned.once()
    assert not await learned.once()
    assert fake_sources.expected == [LEARNED]


@pytest.mark.parametrize("approved_now", [[], [replace(FIRST, case_id="c.2", question="Noch eine Frage?")]])
async def test_an_old_file_on_another_machine_brings_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, approved_now: list[LearnedAnswer]
) -> None:
    """It lies where no worker has kept it since, and somebody indexes there."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "none")
    settings = read_settings()
    path = learned_file(settings)
    approved, old = Approved(), Approved()
    old.answers, approved.answers = [FIRST], approved_now
    fake_sources = FakeSources(path)
    fake_sources.broken = False
    await LearnedAnswers(old, path, fake_sources).once()
    knowledge = Reads(path)
    store = cast("KnownToStaff", approved)
    indexing = make_indexing(settings, cast("Knowledge", knowledge), NoMetrics(), Election(), None, store)

    await indexing.run([])
    await indexing.run([])

    assert knowledge.seen == [written(approved_now) if approved_now else None] * 2
    assert approved.read == 1, "from then on it is kept by who keeps it"


async def test_an_old_file_counts_as_it_is_while_the_database_is_away(tmp_path: Path) -> None:
    path = tmp_path / "desk.faq.yaml"
    path.write_text("- question: old\n  answer: old\n")
    knowledge, away = Reads(path), [True, False]

    async def before() -> None:
        if away.pop(0):
            raise StoreUnavailable("down")
        await put_right(Approved(), path)

    indexing = Indexing(cast("Knowledge", knowledge), [LEARNED], NoMetrics(), before=before)
    await indexing.run([str(tmp_path)])
    assert len(away) == 2, "a run over something else reads none of it"
    await indexing.run([])
    await indexing.run([])
    assert [text is None for text in knowledge.seen] == [False, False, True]


async def test_where_no_file_lies_none_is_written(tmp_path: Path) -> None:
    """What the index holds of it is another machine's business."""
    approved = Approved()
    approved.answers = [FIRST]
    await put_right(approved, tmp_path / "desk.faq.yaml")
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_half_a_file_of_a_killed_process_does_not_stay(tmp_path: Path) -> None:
    fake_sources = FakeSources(tmp_path / "desk.faq.yaml")
    fake_sources.broken = False
    old, new = tmp_path / ".desk.faq.yaml.1", tmp_path / ".desk.faq.yaml.2"
    old.write_text("- question: half")
    new.write_text("- question: half")
    os.utime(old, (1.0, 1.0))
    approved = Approved()
    approved.answers = [FIRST]
    assert await LearnedAnswers(approved, fake_sources.path, fake_sources).once()
    left = await asyncio.to_thread(lambda: sorted(one.name for one in tmp_path.iterdir()))
    assert left == [new.name, fake_sources.path.name]
