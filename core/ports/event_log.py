"""What the customers of a conversation see, as it is read again and again by whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.domain.messages import Message
from core.ports.outcomes import Claim


@dataclass(frozen=True, slots=True)
class LogFrame:
    """A frame for the event log. ``message_id`` frames are read with the message joined; others carry ``body``."""

    kind: str
    body: Mapping[str, Any] = field(default_factory=dict)
    turn_id: str | None = None
    message_id: str | None = None
    dedupe: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """A frame as read back: its cursor, and its message (with feedback) where it has one."""

    cursor: int
    kind: str
    body: Mapping[str, Any]
    turn_id: str | None = None
    message: Message | None = None
    feedback: str | None = None


class EventLog(Protocol):
    """What customers of the web channel see, per conversation, in order. Any web process can serve it."""

    async def append_provisional(self, claim: Claim, frames: Sequence[LogFrame]) -> Sequence[int]:
        """Under the fence. Returns their cursors. Raises LostClaim, and Superseded as Journal.still_held does."""

    async def append(self, conversation_id: str, frames: Sequence[LogFrame]) -> Sequence[int]:
        """Durable frames, idempotent by ``dedupe``; a frame with a ``turn_id`` removes that turn's provisional ones."""

    async def find(self, conversation_id: str, dedupe: str) -> int | None:
        """The cursor of a durable frame."""

    async def read(self, after: Mapping[str, int], limit: int = 500) -> Mapping[str, Sequence[LoggedFrame]]:
        """Frames past each conversation's cursor, oldest first, provisional ones included."""

    async def history(self, conversation_id: str, *, after: int, limit: int) -> Sequence[LoggedFrame]:
        """Only frames with messages, oldest first."""

    async def head(self, conversation_id: str) -> int:
        """The newest cursor; 0 when there is nothing."""

    async def heads(self, conversation_ids: Sequence[str]) -> Mapping[str, int]:
        """The newest cursors of many conversations at once, for a poll that reads only what moved."""
