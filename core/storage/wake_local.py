"""Wakes inside one process."""

from __future__ import annotations

import asyncio

MAX_PENDING_KEYS = 10_000
"""A listener that has this many keys to read gets the empty key in their place: look at everything."""


class LocalSubscription:
    """Keys of one topic, collected until its owner asks. ``listeners``: of the topic, itself among them until it closes."""

    def __init__(self, listeners: set[LocalSubscription]) -> None:
        self._listeners = listeners
        self._keys: set[str] = set()
        self._event = asyncio.Event()
        listeners.add(self)

    def push(self, key: str) -> None:
        """Called by the wake."""
        if len(self._keys) >= MAX_PENDING_KEYS:
            self._keys = {""}
        self._keys.add(key)
        self._event.set()

    async def wait(self, timeout: float) -> frozenset[str]:
        if not self._event.is_set() and timeout > 0:
            try:
                async with asyncio.timeout(timeout):
                    await self._event.wait()
            except TimeoutError:
                return frozenset()
        self._event.clear()
        keys, self._keys = frozenset(self._keys), set()
        return keys

    def close(self) -> None:
        self._listeners.discard(self)


class LocalWake:
    """Implements core.ports.wake.Wake for one process (SQLite)."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, set[LocalSubscription]] = {}

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def notify(self, topic: str, key: str = "") -> None:
        for subscription in self._subscriptions.get(topic, ()):
            subscription.push(key)

    def subscribe(self, topic: str) -> LocalSubscription:
        return LocalSubscription(self._subscriptions.setdefault(topic, set()))
