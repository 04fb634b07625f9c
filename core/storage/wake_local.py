"""Wakes inside one process."""

from __future__ import annotations

import asyncio


class LocalSubscription:
    """Keys of one topic, collected until its owner asks."""

    def __init__(self, owner: LocalWake, topic: str) -> None:
        self._owner = owner
        self._topic = topic
        self._keys: set[str] = set()
        self._event = asyncio.Event()

    def push(self, key: str) -> None:
        """Called by the wake."""
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
        """Stop listening."""
        self._owner.forget(self._topic, self)


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
        subscription = LocalSubscription(self, topic)
        self._subscriptions.setdefault(topic, set()).add(subscription)
        return subscription

    def forget(self, topic: str, subscription: LocalSubscription) -> None:
        """Called by a subscription that closes."""
        self._subscriptions.get(topic, set()).discard(subscription)
