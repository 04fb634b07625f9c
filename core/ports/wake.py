"""Tells loops that there is work. A lost wake is harmless: every loop also polls."""

from __future__ import annotations

from typing import Protocol

INBOX = "inbox"
OUTBOX = "outbox"
WIDGET = "widget"


def grown_to(conversation_id: str, place: int) -> str:
    """A key of WIDGET: the conversation's log goes up to there. Of INBOX: its messages do, the last of them its ``seq``.

    Who has read as far need not look.
    """
    return f"{conversation_id}#{place}"


class Subscription(Protocol):
    """One listener's view of a topic. Keys notified while it was busy are kept for its next wait."""

    async def wait(self, timeout: float) -> frozenset[str]:
        """The keys notified since the last wait, as soon as there is one; empty after ``timeout`` seconds."""

    def close(self) -> None: ...


class Wake(Protocol):
    """Across tasks (embedded) or processes (PostgreSQL NOTIFY). The only port that differs by database."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def notify(self, topic: str, key: str = "") -> None:
        """Cheap, coalesced, after the commit, and never an error: a database that is down is found by the loops."""

    def subscribe(self, topic: str) -> Subscription: ...
