"""Telegram's limit for groups, besides the one for all messages: 20 a minute (https://core.telegram.org/bots/faq)."""

from __future__ import annotations

from collections import OrderedDict, deque

from core.domain.errors import Unreachable
from core.ports.clock import Clock

_MESSAGES = 20
_SECONDS = 60.0
_GROUPS = 1000


class GroupPace:
    """Counts in this process; where several send to one group, Telegram's own 429 does the rest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sent: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, chat: int | str) -> None:
        """Raises Unreachable, not RateLimited: that would hold all other chats too."""
        if not str(chat).startswith("-"):
            return
        sent = self._sent.setdefault(str(chat), deque(maxlen=_MESSAGES))
        self._sent.move_to_end(str(chat))
        now = self._clock.monotonic()
        if len(sent) == _MESSAGES and now - sent[0] < _SECONDS:
            raise Unreachable(f"This group had {_MESSAGES} messages within a minute; Telegram takes no more.")
        sent.append(now)
        if len(self._sent) > _GROUPS:
            self._sent.popitem(last=False)
