"""The order of what staff wrote, and how far of it is done when one of it has to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.messages import Author, Message, StaffAction
from handoff.thread.spoken_order import as_spoken, done_of, written_later

START = datetime(2026, 11, 22, tzinfo=UTC)


def said(seq: int, second: float, action: StaffAction | None = None) -> Message:
    at = START + timedelta(seconds=second)
    return Message(str(seq), "t", seq, Author.STAFF, "x", START, action=action, sent_at=at)


def seqs(items: list[Message]) -> list[int]:
    return [one.seq for one in as_spoken(items)]


def test_words_are_sorted_by_their_own_time_and_presses_stay_where_they_are() -> None:
    assert seqs([said(1, 3), said(2, 1), said(3, 2)]) == [2, 3, 1]
    assert seqs([said(1, 3), said(2, 9, StaffAction.REACT), said(3, 1)]) == [3, 2, 1]
    assert seqs([said(1, 3), said(2, 9, StaffAction.RELEASE), said(3, 1)]) == [1, 2, 3]
    assert seqs([said(1, 5), said(2, 5)]) == [1, 2]


@pytest.mark.parametrize(
    ("items", "most", "done"), [([1, 2, 3], 2, 2), ([2, 1, 3], 1, 0), ([2, 1, 3], 2, 2), ([3, 1, 2], 2, 0)]
)
def test_only_what_is_a_beginning_of_the_thread_is_done(items: list[int], most: int, done: int) -> None:
    assert done_of([said(seq, 0) for seq in items], most) == done


def test_what_was_written_later_knows_that_a_forms_clock_may_be_ahead() -> None:
    history = [said(1, 9), said(2, 5), said(3, 4.5, StaffAction.REPLY), said(4, 8, StaffAction.REPLY), said(5, 1)]
    assert [one.seq for one in written_later(history, said(6, 4))] == [2, 4, 1]
