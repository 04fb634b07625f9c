"""Keeps the order of messages that a client sends without waiting for each acknowledgement.

A message that is refused for the moment comes again later. Were those behind it taken meanwhile, they would overtake it.
So they are refused too, until it has come again, or until the log shows that it was stored after all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from core.domain.errors import Overloaded, StoreUnavailable, TooManyRequests

_PASSING: Final = (Overloaded, StoreUnavailable, TooManyRequests)
_RETRY_SECONDS = 0.5
_PATIENCE = 60.0
_MOST = 500


class Crowded(Exception):
    """So many messages wait to come again that the connection has to begin anew."""


class Turnstile:
    """One connection's refused messages, oldest first, by client_id.

    Of one that has not come again for ``_PATIENCE`` seconds its client thinks no more. ``now`` in seconds, monotonic.
    """

    __slots__ = ("_now", "_waiting")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._waiting: dict[str, float] | None = None  # made when it is needed: most connections never refuse anything

    @contextmanager
    def passing(self, client_id: str | None) -> Iterator[None]:
        """Around the taking of a message; one without an id cannot come again, so it has no place to keep.

        Raises Overloaded while an older one has to come again first, Crowded when too many wait.
        """
        if client_id is None:
            yield
            return
        self._admit(client_id)
        try:
            yield
        except _PASSING:
            self.hold(client_id)
            raise
        except Exception:
            self.passed(client_id)
            raise
        self.passed(client_id)

    def hold(self, client_id: str) -> None:
        """It was refused for the moment: it keeps its place. Raises Crowded."""
        if self._waiting is None:
            self._waiting = {}
        if client_id not in self._waiting and len(self._waiting) >= _MOST:
            raise Crowded
        self._waiting[client_id] = self._now()

    def passed(self, client_id: str) -> None:
        """It was taken, now or before, or refused for good: the next one may come."""
        if self._waiting:
            self._waiting.pop(client_id, None)

    def _admit(self, client_id: str) -> None:
        waiting = self._waiting
        while waiting:
            first = next(iter(waiting))
            if client_id == first:
                return
            if self._now() - waiting[first] < _PATIENCE:
                self.hold(client_id)
                raise Overloaded(f"Send {first} again first.", retry_after=_RETRY_SECONDS)
            del waiting[first]
