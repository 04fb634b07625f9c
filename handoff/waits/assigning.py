"""Who is given a new case: whose turn it is, whoever looks after the customer, or whoever is on call.

A case that is given to somebody waits for everybody all the same: the customer is promised nobody, and any colleague may claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.domain.case import feed
from core.ports.desk import Roster
from core.ports.outcomes import CrossConversationWrite
from handoff import posts
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.teams import Policy

_TURNS, _MOST, _SECONDS = 500, 20, 3.0
"""Past assignments read for the rotation; people whose presence is checked in one look; seconds after which no more are."""


class Assigning:
    """Whose turn it is stands in a feed of the team's. It has no thread, so that what it whispers is seen by nobody."""

    def __init__(self, parts: DeskParts, roster: Roster, settings: HandoffSettings) -> None:
        self._parts = parts
        self._roster = roster
        self._settings = settings

    async def next(
        self, case_id: str, facts: Mapping[str, Any], passed: Sequence[str], after: str = ""
    ) -> tuple[str, tuple[CrossConversationWrite, ...], str]:
        """The first of the case's readers whom a policy finds, with a note of it; ``passed`` had the case already.
        The note holds while none was made since: two processes never give two cases by one turn. Third comes the last person
        checked, where a look ended before everybody was: the next look goes on ``after`` them. Raises ChannelError.
        """
        records, ends = self._parts.records, self._parts.clock.monotonic() + _SECONDS  # other timers wait for this one
        turns = feed(self._parts.desk_channel.account, f"assign.{facts.get('team') or ''}")
        known = await records.conversation(turns.conversation_id)
        last = known.last_seq if known else 0
        given = await records.messages(turns.conversation_id, after=max(0, last - _TURNS), limit=_TURNS)
        turn = {str(one.meta.get("to")): one.seq for one in given}
        readers = await self._roster.who_reads(case_id)
        for policy in self._settings.assign:
            in_turn = policy == "round_robin"
            found = self._in_turn(readers, turn, after) if in_turn else await self._named(policy, facts)
            people = [who for who in found if who in readers and who not in passed]
            for number, who in enumerate(people):
                if in_turn and number and (number == _MOST or self._parts.clock.monotonic() > ends):
                    return "", (), people[number - 1]
                if await self._roster.is_staff(who, is_there=in_turn):
                    return who, (CrossConversationWrite(turns, (posts.whisper(who, ""),), last_seq=last),), ""
        return "", (), ""

    def _in_turn(self, readers: Iterable[str], turn: Mapping[str, int], after: str) -> Sequence[str]:
        """Whose last case is longest ago; those who never had one first, by their ids. Only those ``after`` somebody."""
        order = sorted(self._settings.assign_to or readers, key=lambda who: (turn.get(who, 0), who))
        return order[order.index(after) + 1 :] if after in order else order

    async def _named(self, policy: Policy, facts: Mapping[str, Any]) -> Sequence[str]:
        """Those whom the company's tool calls the customer's owner, or who are on call."""
        words: Sequence[str] = self._settings.on_call
        if policy == "account_owner":
            words = [str(value) for name, value in (facts.get("context") or {}).items() if name.casefold() == "owner"]
        elif self._settings.calendar is not None:
            words = self._settings.calendar.at(self._parts.clock.now())
        return await self._roster.named_in(words)
