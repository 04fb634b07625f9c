"""Telegram's limit for groups, besides the one for all messages: 20 a minute (https://core.telegram.org/bots/faq).

Edits count with messages, and leave a quarter of them to new ones.
"""

from __future__ import annotations

from collections import deque

from channels.bounded import Bounded
from core.domain.errors import Unreachable
from core.ports.clock import Clock

_MESSAGES, _BEFORE_EDITS_WAIT = 20, 15
_SECONDS = 60.0
_GROUPS = 1000


class ChatPace:
    """Counts in this process; where several send to one group, Telegram's own 429 does the rest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: Bounded[str, deque[float]] = Bounded(_GROUPS)
        self._no_edit_before: Bounded[str, float] = Bounded(_GROUPS)

    def rest(self, chat: int | str, seconds: float) -> None:
        """Telegram asked for a pause before the next edit in that chat."""
        self._no_edit_before[str(chat)] = self._clock.monotonic() + seconds

    def take(self, chat: int | str, *, edit: bool = False) -> None:
        """Raises Unreachable, not RateLimited: that would hold all other chats too."""
        if edit and self._clock.monotonic() < self._no_edit_before.get(str(chat), float("-inf")):
            raise Unreachable("Telegram takes no edit in this chat at this moment.")
        if not str(chat).startswith("-"):
            return
        sent = self._sent[str(chat)] = self._sent.get(str(chat), deque(maxlen=_MESSAGES))
        now = self._clock.monotonic()
        most = _BEFORE_EDITS_WAIT if edit else _MESSAGES
        if len(sent) >= most and now - sent[-most] < _SECONDS:
            raise Unreachable(f"This group had {most} messages within a minute; Telegram takes no more of this kind.")
        sent.append(now)
