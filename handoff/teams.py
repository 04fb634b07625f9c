"""Which of the staff's teams a case is for, and how soon they should answer it. Pure: decided once, when the case is opened, and
kept with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.domain.calendar import Calendar
from core.domain.customer import Customer
from core.domain.messages import Author
from core.ports.store import TurnState
from handoff.hours import Hours
from handoff.policy import is_vip

Policy = Literal["round_robin", "account_owner", "on_call"]
"""By which a new case is given to somebody: whose turn it is of those who are there, whom the company's tool names, or whom the
calendar names (without one: the people of ``on_call``).
"""
_LATELY = 6
"""Messages before those that are pending that say what it is about: what was talked of long ago is over."""


@dataclass(frozen=True, slots=True)
class Team:
    """``channel``: where its cases are shown; None: with all others. ``hours``, ``assign`` and so on: None: the company's.

    ``on_call``: whom its reminders name; nobody: those of the company. A case is its own by any of ``channels`` (that the
    customer writes on), ``keywords`` (in what they wrote) and ``categories`` (of the knowledge that answers rested on).
    """

    name: str
    channel: str | None = None
    hours: Hours | None = None
    on_call: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    assign: tuple[Policy, ...] | None = None
    assign_to: tuple[str, ...] = ()
    calendar: Calendar | None = None


def team_for(turn: TurnState, teams: Sequence[Team]) -> str | None:
    """The first team that it fits; None: whoever is in the staff channel. What is said now counts before what was said."""
    if not teams:
        return None
    turn = turn.as_read()
    earlier = turn.history[-_LATELY:]
    words = [message.text for message in turn.pending]
    before = [message.text for message in earlier if message.author is Author.CUSTOMER]
    categories = {(one.category or "").casefold() for message in earlier for one in message.citations}
    for said in (words, before):
        for team in teams:
            if any(_says(text, keyword) for text in said for keyword in team.keywords):
                return team.name
    for team in teams:
        if not categories.isdisjoint(one.casefold() for one in team.categories):
            return team.name
    channel = turn.conversation.key.channel
    return next((team.name for team in teams if channel in team.channels), None)


@dataclass(frozen=True, slots=True)
class Target:
    """Seconds within the hours until staff should have answered a case for the first time, and each time the customer
    writes after that; 0: there is no target. ``name``: a channel, a team, ``vip`` or a pattern of customers' ids; empty: all
    others. ``customers``: the patterns that verified customers fit.
    """

    name: str = ""
    first: float = 0.0
    following: float = 0.0
    customers: tuple[str, ...] = ()


def target_for(targets: Sequence[Target], customer: Customer, place: str, team: str | None) -> Target:
    """The first that a case fits."""
    fits = (one for one in targets if one.name in ("", place, team) or is_vip(customer, one.customers))
    return next(fits, Target())


def _says(text: str, keyword: str) -> bool:
    """Whole words; where a script has none, anywhere."""
    plain = keyword.casefold()
    pattern = re.escape(plain)
    bounded = rf"(?<!\w){pattern}(?!\w)" if plain.isascii() else pattern
    return re.search(bounded, text.casefold()) is not None
