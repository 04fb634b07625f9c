"""What staff approved becomes a FAQ file that is indexed, again after every failure, and only when it is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.learned_answers import LearnedAnswers, written
from core.domain.errors import KnowledgeUnavailable
from core.domain.learning import LearnedAnswer, LearningState
from knowledge.convert.faq import faq_document, parse_data

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
        return self.answers


async def test_it_is_indexed_once_and_after_a_failure_again(tmp_path: Path) -> None:
    indexed: list[str] = []
    broken = [True]

    async def index(path: str) -> None:
        if broken:
            broken.pop()
            raise KnowledgeUnavailable("not yet")
        indexed.append(path)

    approved = Approved()
    learned = LearnedAnswers(approved, tmp_path / "knowledge" / "desk.faq.yaml", index)
    assert not await learned.once()
    approved.answers.append(FIRST)
    with pytest.raises(KnowledgeUnavailable):
        await learned.once()
    assert await learned.once()
    assert not await learned.once()
    assert len(indexed) == 1
    assert [one.name for one in (tmp_path / "knowledge").iterdir()] == ["desk.faq.yaml"]


def test_the_file_says_what_was_approved() -> None:
    text = written([FIRST])
    (entry,) = faq_document(parse_data(text, json_only=False), text, title="Desk").entries
    assert (entry.question, entry.answer, entry.section) == (FIRST.question, FIRST.answer, FIRST.origin)
