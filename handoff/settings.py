"""What the desk needs to know about the company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.domain.calendar import Calendar
from handoff.hours import Hours
from handoff.learning.weekly import Weekly
from handoff.mood import MoodWords
from handoff.teams import Policy, Target, Team
from handoff.thread.macros import Macros


@dataclass(frozen=True, slots=True)
class TicketField:
    """``choices``: the values that staff choose from; without any, staff write a text."""

    name: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandoffSettings:
    """``note_sign``: what a staff member's message begins with that is not for the customer. ``undo_seconds``: how long what
    they write waits before it is sent. ``reopen_seconds``: how long after a case was resolved it goes on where its customer
    needs a person again. ``staff_locale``: the language in which the desk speaks to staff. ``rating_seconds``: how long after a
    case was resolved the customer's answer is taken for a rating; 0 does not ask for one.

    ``hours``: when staff are there; None is always. 0 seconds switches a timer off: ``remind_seconds`` until the channel is
    told again of a case that nobody took (then ``on_call``: ids of Slack's people and groups), ``owner_seconds`` until an
    owner is told that the customer waits, both within the hours; ``honest_seconds`` until the customer is told that it
    takes longer. ``zone``: the staff's. ``teams``: in the order in which a case is offered to them.
    ``nudge_seconds``: how long the customer of a pending case may be silent until they are asked once; ``close_seconds``:
    how long after that the case is closed.
    ``macros``: replies that staff have saved. ``follow_up_seconds``: how long what staff wrote may stay unseen on a page that
    the customer has left, until it goes where else they can be reached; 0 is for ever. ``follow_ups``: how many of these an
    address gets that does not answer. ``mood_words``: the company's own.
    ``largest_file``: in bytes, of those that staff may send.
    ``targets``: how soon staff should answer, in the order in which a case is fitted to them; ``target``: that of a case.
    ``fields``: the company's own on its tickets.
    ``gaps_post``: when the channel reads what was not answered; None is never.
    ``assign``: who is given a new case, the first policy that finds somebody; ``assign_to``: whose turn it may be, nobody:
    everybody's where the case is shown; ``assign_seconds``: how long they have, 0: for ever; ``calendar``: who is on call.
    ``emoji_act``: whether certain emoji on a case's card claim and resolve it. ``creates_issues``: whether a tool can.
    """

    default_locale: str = "en"
    staff_locale: str = "en"
    note_sign: str = "//"
    undo_seconds: float = 5.0
    reopen_seconds: float = 3 * 24 * 3600.0
    rating_seconds: float = 24 * 3600.0
    hours: Hours | None = None
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    remind_seconds: float = 600.0
    owner_seconds: float = 900.0
    honest_seconds: float = 300.0
    nudge_seconds: float = 0.0
    close_seconds: float = 0.0
    follow_up_seconds: float = 0.0
    follow_ups: int = 5
    on_call: tuple[str, ...] = ()
    assign: tuple[Policy, ...] = ()
    assign_to: tuple[str, ...] = ()
    assign_seconds: float = 600.0
    calendar: Calendar | None = None
    teams: tuple[Team, ...] = ()
    macros: Macros = field(default_factory=Macros)
    largest_file: int = 10 * 1024 * 1024
    targets: tuple[Target, ...] = ()
    target: Target = field(default_factory=Target)
    fields: tuple[TicketField, ...] = ()
    gaps_post: Weekly | None = None
    emoji_act: bool = False
    creates_issues: bool = False
    mood_words: MoodWords = field(default_factory=MoodWords)

    def after(self, at: datetime, seconds: float) -> datetime:
        """The moment at which staff will have been there for so long; where they never are, all time counts."""
        return (self.hours.after(at, seconds) if self.hours else None) or at + timedelta(seconds=seconds)

    def for_case(self, facts: Mapping[str, Any]) -> HandoffSettings:
        """As they hold for a case with this card."""
        return self.for_team(facts.get("team"), facts.get("target"))

    def for_team(self, team: str | None, target: str | None = None) -> HandoffSettings:
        """As they hold for the cases of a team, with a target of that name. One that is not there any more is the company's."""
        own = next((one for one in self.teams if one.name == team), None)
        fitting = [one for name in (target or "", "") for one in self.targets if one.name == name]
        chosen = next(iter(fitting), self.target)
        if own is None:
            return replace(self, target=chosen) if fitting else self
        zone = own.hours.zone if own.hours else self.zone
        assign = self.assign if own.assign is None else own.assign
        calendar = own.calendar or (None if own.on_call else self.calendar)
        found = {name: getattr(own, name) or getattr(self, name) for name in ("hours", "on_call", "assign_to")}
        return replace(self, zone=zone, target=chosen, assign=assign, calendar=calendar, **found)
