"""Remembers what people's words a customer has been shown, so that nobody is written to about what they have seen.

A frame that was handed to a socket may have gone to a telephone in a tunnel. So it counts once the client has said anything
afterwards, has closed the connection in order, or the connection has outlived the time in which a dead one is noticed (RFC 6455,
section 5.5.2: the other side answers pings). Over HTTP it counts when the client asks for what comes after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog

from channels.background import BackgroundTasks
from channels.bounded import Bounded
from core.domain.errors import HubError
from core.domain.messages import Author
from core.ports.event_log import LoggedFrame

_REMEMBERED: Final = 10_000
_BY_PEOPLE: Final = (Author.STAFF, Author.SYSTEM)

_log = structlog.get_logger(__name__)


NoteShown = Callable[[str, int], Awaitable[None]]
"""Keeps the cursor up to which a conversation was shown. Raises StoreUnavailable."""


def furthest(frames: Iterable[LoggedFrame]) -> int | None:
    """The place of the last of them that people or the desk wrote; what the agent says is not followed up."""
    said = (frame.cursor for frame in frames if frame.message is not None and frame.message.author in _BY_PEOPLE)
    return max(said, default=None)


class ReadCursors(BackgroundTasks):
    """Of this process. What cannot be kept is told in the log: the worst that follows is a mail too many."""

    def __init__(self, note_shown: NoteShown | None) -> None:
        super().__init__()
        self._note_shown = note_shown
        self._known: Bounded[str, int] = Bounded(_REMEMBERED)

    def note(self, conversation_id: str, cursor: int) -> None:
        """Returns at once; a place that was noted before costs nothing."""
        if self._note_shown is None or cursor <= self._known.get(conversation_id, 0):
            return
        self._known[conversation_id] = cursor
        self._begin(self._keep(self._note_shown, conversation_id, cursor))

    async def drain(self) -> None:
        """What is being kept is kept."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)

    async def _keep(self, note_shown: NoteShown, conversation_id: str, cursor: int) -> None:
        try:
            await note_shown(conversation_id, cursor)
        except HubError as error:
            self._known.pop(conversation_id, None)
            _log.warning("shown.not_kept", conversation=conversation_id, error=error.detail)


class UnconfirmedFrames:
    """What one connection was handed and has not acknowledged yet. ``patience``: seconds in which a dead one is noticed."""

    def __init__(self, read_cursors: ReadCursors, patience: float) -> None:
        self._read_cursors = read_cursors
        self._patience = patience
        self._cursor = 0
        self._timer: asyncio.TimerHandle | None = None

    def hand(self, conversation_id: str, frames: Iterable[LoggedFrame]) -> None:
        """It was given to the connection."""
        cursor = furthest(frames)
        if cursor is None or cursor <= self._cursor:
            return
        self._cursor = cursor
        self._cancel()
        self._timer = asyncio.get_running_loop().call_later(self._patience, self.acknowledge, conversation_id)

    def acknowledge(self, conversation_id: str) -> None:
        """The client is there."""
        if self._timer is not None:
            self._cancel()
            self._read_cursors.note(conversation_id, self._cursor)

    def end(self, conversation_id: str, *, in_order: bool) -> None:
        """The connection is over."""
        if in_order:
            self.acknowledge(conversation_id)
        self._cancel()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
