"""Who is given a new case: whose turn it is, whoever looks after the customer, or whoever is on call.

A case that is given to somebody waits for everybody all the same: the customer is promised nobody, and any colleague may claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.domain.case import feed
from core.ports.outcomes import Aside
from core.ports.roster import Roster
from handoff import posts
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.teams import Policy

_TURNS, _MOST = 500, 50
"""Cases given before by which the turn goes, and people of whom it is asked for one case whether they are there."""


class Assigning:
    """Whose turn it is stands in a feed of the team's. It has no thread, so that what it whispers is seen by nobody."""

    def __init__(self, parts: DeskParts, roster: Roster, settings: HandoffSettings) -> None:
        self._parts = parts
        self._roster = roster
        self._settings = settings

    async def next(self, facts: Mapping[str, Any], passed: Sequence[str]) -> tuple[str, tuple[Aside, ...]]:
        """The first of the team's readers whom a policy finds, with a note of it; ``passed`` had the case already.

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
                    return who, (Aside(turns, (posts.whisper(who, ""),), last_seq=last),)
        return "", ()

    def _in_turn(self, readers: Iterable[str], turn: Mapping[str, int]) -> Sequence[str]:
        """Whose last case is longest ago; those who never had one first, by their ids."""
        return sorted(self._settings.assign_to or readers, key=lambda who: (turn.get(who, 0), who))[:_MOST]

    async def _named(self, policy: Policy, facts: Mapping[str, Any]) -> Sequence[str]:
        """Those whom the company's tool calls the customer's owner, or who are on call."""
        words: Sequence[str] = self._settings.on_call
        if policy == "account_owner":
            words = [str(value) for name, value in (facts.get("context") or {}).items() if name.casefold() == "owner"]
        elif self._settings.calendar is not None:
            words = self._settings.calendar.at(self._parts.clock.now())
        return await self._roster.named_in(words)
