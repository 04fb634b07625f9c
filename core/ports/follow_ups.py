"""What is read to write to customers who have left the page, and what a channel must be able to do for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from core.domain.contact_route import Contacted, ContactRoute
from core.domain.customer import ContactDetails
from core.domain.keys import ConversationKey
from core.domain.messages import Message


@dataclass(frozen=True, slots=True)
class Unseen:
    """What people and the desk said in a conversation that no page has shown, in order, each with when it could have been.

    ``last_seq`` and ``shown_cursor``: as they were when this was read. ``coming``: staff have written something that no page
    could have shown yet. What staff have deleted where they wrote it is among the messages, as deleted.
    """

    last_seq: int
    shown_cursor: int
    messages: tuple[tuple[Message, datetime], ...] = ()
    coming: bool = False


class FollowUps(Protocol):
    """Every method raises StoreUnavailable."""

    async def unseen(self, conversation_id: str) -> Unseen:
        """Without what was dealt with before."""

    async def contacted(self, route: ContactRoute) -> Contacted:
        """What its address got, from whichever conversation; that it did not answer is forgotten after a month."""

    async def is_at_home(self, route: ContactRoute) -> bool:
        """Whether somebody has a conversation of their own with us from its address, on its channel."""

    async def going(self, conversation_id: str) -> tuple[str, str] | None:
        """Channel and account of a follow-up that has been decided and has not gone yet."""

    async def lane_paused(self, channel: str, account: str) -> bool:
        """Whether the account's credentials are refused at present."""

    async def note_shown(self, conversation_id: str, cursor: int) -> None:
        """A page has shown everything up to there. The furthest counts, in whatever order this is told."""


@runtime_checkable
class SupportsFollowUp(Protocol):
    """A channel that can write to somebody who never wrote on it."""

    def route_to(self, contact: ContactDetails, home: ConversationKey) -> ContactRoute | None:
        """The way to a customer of the conversation ``home``, the same each time; None where they left nothing that fits."""


ContactRoutes = Callable[[ContactDetails, ConversationKey], Sequence[ContactRoute]]
"""All of them for a customer of that conversation. The one to try first comes first."""
