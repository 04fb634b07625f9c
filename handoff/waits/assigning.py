"""Who is given a new case: whose turn it is, whoever looks after the customer, or whoever is on call.

A case that is given to somebody waits for everybody all the same: the customer is promised nobody, and any colleague may claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.domain.case import feed
from core.ports.outcomes import Aside
from core.ports.roster import Roster
from handoff import posts
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.teams import Policy

OWNER = "owner"
"""Under which the company's tool names the person who looks after a customer."""
_TURNS = 500
"""Cases given before by which the turn goes."""
_MOST, _MOST_NAMED = 50, 10
"""People of whom Slack is asked for one case: in turn, and of those that a calendar or a tool names."""
_NAMED = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|\b[UW][A-Z0-9]{2,20}\b")
_LONGEST = 1_000


class Assigning:
    """Whose turn it is stands in a feed of the team's, which notes who was given its cases, in order."""

    def __init__(self, parts: DeskParts, roster: Roster, settings: HandoffSettings) -> None:
        self._parts = parts
        self._roster = roster
        self._settings = settings

    async def next(self, facts: Mapping[str, Any], passed: Sequence[str]) -> tuple[str, Aside] | None:
        """The first of the team's readers whom a policy finds, with the note; ``passed`` had the case already.

        The note holds while none was made since: two processes never give two cases by one turn. Raises ChannelError.
        """
        records, account, team = self._parts.records, self._parts.desk_channel.account, facts.get("team")
        turns = feed(account, f"assign.{team or ''}")
        known = await records.conversation(turns.conversation_id)
        last = known.last_seq if known else 0
        given = await records.messages(turns.conversation_id, after=max(0, last - _TURNS), limit=_TURNS)
        turn = {str(one.meta.get("to")): one.seq for one in given}
        readers = await self._roster.who_reads(team)
        for policy in self._settings.assign:
            in_turn = policy == "round_robin"
            for who in self._in_turn(readers, turn) if in_turn else await self._named(policy, facts):
                if who in readers and who not in passed and await self._roster.is_staff(who, is_there=in_turn):
                    return who, Aside(turns, (posts.turn(who),), last_seq=last)
        return None

    def _in_turn(self, readers: Iterable[str], turn: Mapping[str, int]) -> Sequence[str]:
        """Whose last case is longest ago; those who never had one first, by their ids."""
        return sorted(self._settings.assign_to or readers, key=lambda who: (turn.get(who, 0), who))[:_MOST]

    async def _named(self, policy: Policy, facts: Mapping[str, Any]) -> Sequence[str]:
        """Ids of those whom the company names, by id or by e-mail address."""
        calendar, known = self._settings.calendar, facts.get("context") or {}
        if policy == "account_owner":
            words = [str(value) for name, value in known.items() if name.casefold() == OWNER]
        elif calendar is not None:
            words = calendar.at(self._parts.clock.now())
        else:
            words = list(self._settings.on_call)
        named = dict.fromkeys(one for word in words for one in _NAMED.findall(word[:_LONGEST]))
        found = [one if "@" not in one else await self._roster.with_address(one) for one in list(named)[:_MOST_NAMED]]
        return [one for one in found if one is not None]
