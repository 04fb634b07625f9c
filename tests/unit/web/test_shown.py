"""What a customer has been shown is noted when it is known that they have it, and not when it was handed to a socket."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from channels.web.shown import ReadCursors, UnconfirmedFrames, furthest
from core.domain.errors import StoreUnavailable
from core.domain.messages import Author, Message
from core.ports.event_log import LoggedFrame

_LONG = 3600.0


class Notes:
    """Keeps cursors. ``away``: how often it cannot be kept."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, int]] = []
        self.away = 0

    async def note_shown(self, conversation_id: str, cursor: int) -> None:
        """Kept, or not."""
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        self.kept.append((conversation_id, cursor))


def frame(cursor: int, author: Author = Author.STAFF) -> LoggedFrame:
    message = Message(str(cursor), "c", cursor, author, "Hello", datetime(2026, 11, 21, tzinfo=UTC))
    return LoggedFrame(cursor, "message", {}, None, message)


def test_only_what_people_wrote_is_of_interest() -> None:
    told = [frame(1), frame(2, Author.SYSTEM), frame(3, Author.AGENT), frame(4, Author.CUSTOMER)]
    assert furthest(told) == 2
    assert furthest([frame(3, Author.AGENT), LoggedFrame(5, "discard", {})]) is None


async def test_a_word_of_the_client_says_that_it_has_everything() -> None:
    notes = Notes()
    cursors = ReadCursors(notes.note_shown)
    unconfirmed = UnconfirmedFrames(cursors, _LONG)
    unconfirmed.acknowledge("c")
    unconfirmed.hand("c", [frame(3)])
    unconfirmed.hand("c", [frame(5)])
    await cursors.drain()
    assert notes.kept == []
    unconfirmed.acknowledge("c")
    unconfirmed.acknowledge("c")
    await cursors.drain()
    assert notes.kept == [("c", 5)]


async def test_a_connection_that_is_lost_has_shown_nothing_for_certain() -> None:
    notes = Notes()
    cursors = ReadCursors(notes.note_shown)
    lost, left = UnconfirmedFrames(cursors, _LONG), UnconfirmedFrames(cursors, _LONG)
    lost.hand("lost", [frame(3)])
    lost.end("lost", in_order=False)
    left.hand("left", [frame(3)])
    left.end("left", in_order=True)
    await cursors.drain()
    assert notes.kept == [("left", 3)]


async def test_a_connection_that_outlives_its_time_has_shown_it() -> None:
    notes, noted = Notes(), asyncio.Event()
    cursors = ReadCursors(notes.note_shown)
    UnconfirmedFrames(cursors, 0.0).hand("c", [frame(3)])
    asyncio.get_running_loop().call_later(0.01, noted.set)
    await noted.wait()
    await cursors.drain()
    assert notes.kept == [("c", 3)]


async def test_what_could_not_be_kept_is_kept_with_the_next_word() -> None:
    notes = Notes()
    notes.away = 1
    cursors = ReadCursors(notes.note_shown)
    cursors.note("c", 3)
    await cursors.drain()
    assert notes.kept == []
    for _ in range(2):
        cursors.note("c", 3)
        await cursors.drain()
    assert notes.kept == [("c", 3)], "and the same place costs nothing more"
    ReadCursors(None).note("c", 3)
