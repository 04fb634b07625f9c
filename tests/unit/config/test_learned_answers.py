"""What staff approved becomes a FAQ file that is indexed, again after every failure, and only when it is new."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from config.knowledge.learned_answers import LearnedAnswers, written
from core.domain.errors import KnowledgeUnavailable
from core.domain.learning import LearnedAnswer, LearningState
from knowledge.convert.faq import faq_document, parse_data
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

    async def learned(self, case_id: str) -> LearnedAnswer | None:
        """Not asked here."""
        raise AssertionError(case_id)

    async def learned_answers(self) -> list[LearnedAnswer]:
        """See Learning."""
        return list(self.answers)

    async def withdraw_answer(self, case_id: str, by: str) -> bool:
        """Not asked here."""
        raise AssertionError(case_id, by)


class Shelf:
    """Implements Sources; once it is ``broken``."""

    def __init__(self) -> None:
        self.indexed: list[str] = []
        self.dropped: list[str] = []
        self.broken = True

    async def add(self, source: str) -> None:
        """See Sources."""
        self._break()
        self.indexed.append(await asyncio.to_thread(Path(source).read_text, "utf-8"))

    async def drop(self, source: str) -> None:
        """See Sources."""
        self._break()
        self.dropped.append(source)

    def _break(self) -> None:
        if self.broken:
            self.broken = False
            raise KnowledgeUnavailable("not yet")


async def test_it_is_indexed_once_and_after_a_failure_again(tmp_path: Path) -> None:
    approved, shelf = Approved(), Shelf()
    learned = LearnedAnswers(approved, tmp_path / "knowledge" / "desk.faq.yaml", shelf)
    assert not await learned.once()
    approved.answers.append(FIRST)
    with pytest.raises(KnowledgeUnavailable):
        await learned.once()
    assert await learned.once()
    assert not await learned.once()
    assert len(shelf.indexed) == 1
    assert [one.name for one in (tmp_path / "knowledge").iterdir()] == ["desk.faq.yaml"]


async def test_what_was_withdrawn_is_taken_out_also_the_last_one(tmp_path: Path) -> None:
    approved, shelf = Approved(), Shelf()
    shelf.broken = False
    learned = LearnedAnswers(approved, tmp_path / "desk.faq.yaml", shelf)
    second = replace(FIRST, case_id="c.2", question="Noch eine Frage?")
    approved.answers = [FIRST, second]
    assert await learned.once()
    approved.answers = [second]
    assert await learned.once()
    assert [FIRST.question in text for text in shelf.indexed] == [True, False]
    approved.answers, shelf.broken = [], True
    with pytest.raises(KnowledgeUnavailable):
        await learned.once()
    assert await learned.once(), "what failed is done again"
    assert not await learned.once()
    assert shelf.dropped == [str(tmp_path / "desk.faq.yaml")]
    assert not await asyncio.to_thread((tmp_path / "desk.faq.yaml").exists)
    approved.answers = [second]
    assert await learned.once(), "and what comes later is learned"


def test_the_file_says_what_was_approved() -> None:
    text = written([FIRST])
    (entry,) = faq_document(parse_data(text, json_only=False), text, title="Desk").entries
    assert (entry.question, entry.answer, entry.section) == (FIRST.question, FIRST.answer, FIRST.origin)


async def test_it_is_live_within_a_minute_also_where_the_index_is_away_at_first(tmp_path: Path) -> None:
    clock, approved, shelf = SteppingClock(), Approved(), Shelf()
    live = asyncio.Event()
    learned = LearnedAnswers(approved, tmp_path / "desk.faq.yaml", shelf, clock=clock)
    taken = shelf.add

    async def add(source: str) -> None:
        await taken(source)
        live.set()

    shelf.add = add  # type: ignore[method-assign]
    learned.start()
    for _ in range(200):
        await asyncio.sleep(0)
    approved.answers.append(FIRST)
    pressed = clock.time
    await live.wait()
    seconds = clock.time - pressed
    await learned.stop()
    assert len(shelf.indexed) == 1
    assert seconds <= 60
