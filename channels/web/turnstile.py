"""Keeps the order of messages that a client sends without waiting for each acknowledgement.

A message that is refused for the moment comes again later. Were those behind it taken meanwhile, they would overtake it.
So they are refused too, until it has come again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from core.domain.errors import Overloaded, StoreUnavailable, TooManyRequests

_PASSING: Final = (Overloaded, StoreUnavailable, TooManyRequests)
_RETRY_SECONDS = 0.5
_MOST = 500


class Turnstile:
    """One connection's refused messages, oldest first, by client_id."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[str] | None = None  # made when it is needed: most connections never refuse anything

    @contextmanager
    def passing(self, client_id: str | None) -> Iterator[None]:
        """Around the taking of a message; one without an id cannot come again, so it has no place to keep.

        Raises Overloaded while an older one has to come again first, TooManyRequests when too many wait.
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
            self._passed(client_id)
            raise
        self._passed(client_id)

    def hold(self, client_id: str) -> None:
        """It was refused for the moment: it keeps its place."""
        if self._waiting is None:
            self._waiting = deque()
        if client_id not in self._waiting:
            self._waiting.append(client_id)

    def _admit(self, client_id: str) -> None:
        if not self._waiting or client_id == self._waiting[0]:
            return
        if len(self._waiting) >= _MOST and client_id not in self._waiting:
            raise TooManyRequests("Too many messages wait to be sent again.", retry_after=_RETRY_SECONDS)
        self.hold(client_id)
        raise Overloaded(f"Send {self._waiting[0]} again first.", retry_after=_RETRY_SECONDS)

    def _passed(self, client_id: str) -> None:
        if self._waiting and client_id == self._waiting[0]:
            self._waiting.popleft()
