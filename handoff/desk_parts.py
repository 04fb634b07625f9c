"""What the desk and its timers, forms and follow-ups work with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.domain.capabilities import Capabilities
from core.domain.conversation import Conversation
from core.domain.customer import Customer
from core.domain.keys import ConversationKey
from core.ports.cases import Cases
from core.ports.clock import Clock
from core.ports.desk import Roster
from core.ports.memories import HistorySearch
from core.ports.responder import Responder
from core.ports.store import TurnState
from core.ports.tickets import Tickets
from handoff.briefing import Briefing
from handoff.customer_language import LastWords
from handoff.people import People
from handoff.rating.ratings import OnlyThanks
from handoff.records import DeskRecords
from handoff.texts import primary

Files = Callable[[TurnState], Awaitable[TurnState]]
"""Brings the files of a turn's messages. Raises NotYet while one of them may still come."""


class DeskChannel(Protocol):
    """The place that staff look at. ``account``: of the desk on its platform."""

    account: str

    async def case_of(self, thread: ConversationKey) -> str | None:
        """The case that a thread of staff is about; None for one that the hub did not begin. Raises ChannelError."""
        ...


@dataclass(frozen=True, slots=True)
class DeskParts:
    """What it works with. ``desk_channel``: the place that staff look at. ``agent``: answers what colleagues ask it.

    ``channels``: what can be done on the customers'. ``briefing``: who sums a new case up. ``written``: the language of what
    a customer wrote, the newest first, where their locale is that; None where it shows none. ``words``: those.
    ``files``: brings those of what staff wrote. ``only_thanks``: see OnlyThanks; without it, thanks are like anything else.
    ``said_besides``: see CaseMatter. ``link``: the address of a message of the customers' platform, by its provider's id.
    ``roster``: who could be given a case; without it nobody is. ``history``: searches what was said with a customer.
    """

    records: DeskRecords
    cases: Cases
    people: People
    desk_channel: DeskChannel
    clock: Clock
    tickets: Tickets
    agent: Responder | None = None
    channels: Mapping[str, Capabilities] = field(default_factory=dict)
    briefing: Briefing = field(default_factory=Briefing)
    written: Callable[[Sequence[str], str | None], str | None] | None = None
    words: LastWords | None = None
    files: Files | None = None
    only_thanks: OnlyThanks | None = None
    said_besides: Callable[[str], str] = str
    link: Callable[[str], str | None] | None = None
    roster: Roster | None = None
    history: HistorySearch | None = None

    async def locale_of(self, conversation: Conversation, customer: Customer) -> str | None:
        """That of what they write, as in what they are told when they write themselves; otherwise the one that is known."""
        known = conversation.locale or customer.locale
        if self.written is None or self.words is None:
            return known
        language = self.written(await self.words.newest_texts(conversation), known)
        return known if language in (None, primary(known)) else language
