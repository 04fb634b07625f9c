"""Once a week staff read in their channel what was asked and not answered: the ten questions that were asked most.

A timer row like those of cases, of which all processes share one: whichever claims it decides, and the post and the next
week's timer are one commit. Each post is a feed of its own, so that it stands in the channel and not in a case's thread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.domain.case import feed
from core.domain.gaps import GapCluster, StaffAnswer
from core.domain.timers import Timer, TimerKind
from core.ports.clock import Clock
from core.ports.gaps import GapBook
from core.ports.outcomes import CrossConversationWrite, NewMessage, SetTimer
from core.ports.timers import DecideTimer, TimerDecision, Timers
from handoff.learning.weekly import Weekly
from handoff.posts import Post, desk_post
from handoff.texts import say

GAPS: Final = "gaps.weekly"
"""Stands where a timer has its case."""
_SHOWN = 10
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class GapsPosts:
    """DecideTimer for ``gaps``; all other timers are ``others``'. ``weekly``: None where nobody wants to read it."""

    others: DecideTimer
    book: GapBook
    timers: Timers
    clock: Clock
    account: str
    weekly: Weekly | None
    language: str

    async def prepare(self) -> None:
        """The first timer, or one at another time where the setting was changed. Raises StoreUnavailable."""
        if self.weekly is None:
            return
        found = next((one for one in await self.timers.timers(GAPS) if one.kind is TimerKind.GAPS), None)
        detail = _read(found)
        if found is None or detail.get("plan") != str(self.weekly):
            since = detail.get("since")
            await self.timers.set_timer(self._next(self.weekly, self.clock.now(), since, keep=found is None))

    async def decide(self, timer: Timer) -> TimerDecision:
        """What is posted, and when it is looked at again; nothing is posted where nothing was asked since."""
        if timer.kind is not TimerKind.GAPS:
            return await self.others(timer)
        if self.weekly is None:
            return TimerDecision()
        detail, now = _read(timer), self.clock.now()
        due = datetime.fromisoformat(detail["due"]) if "due" in detail else now
        since = datetime.fromisoformat(detail["since"]) if detail.get("since") else None
        report = await self.book.report(since)
        newest = max((one.last_at for one in report.clusters), default=since)
        again = self._next(self.weekly, max(now, due), newest.isoformat() if newest else None)
        if not report.clusters:
            return TimerDecision(cases=(again,))
        place = feed(self.account, f"gaps.{due:%Y%m%dT%H%M}")
        return TimerDecision(
            (CrossConversationWrite(place, (gaps_post(report.clusters[:_SHOWN], self.language),)),), (again,)
        )

    def _next(self, weekly: Weekly, after: datetime, since: Any, *, keep: bool = False) -> SetTimer:
        """``due`` is kept: a database whose clock is ahead rings early, and must not ring for the same week twice."""
        due = weekly.after(after)
        detail = json.dumps({"plan": str(weekly), "due": due.isoformat(), "since": since})
        seconds = (due - self.clock.now()).total_seconds()
        return SetTimer(GAPS, TimerKind.GAPS, seconds, detail=detail, keep=keep)


def gaps_post(clusters: Sequence[GapCluster], language: str) -> NewMessage:
    """Independent of the platform on which it is read."""
    shown = [_cluster_facts(one, language) for one in clusters]
    text = "\n".join([say("gaps_title", language), *(f"{one['count']}× {one['example']}" for one in shown)])
    return desk_post(Post.GAPS, text, clusters=shown)


def _cluster_facts(one: GapCluster, language: str) -> dict[str, Any]:
    example, near = " ".join(one.example.split()), one.nearest
    return {
        "count": one.count,
        "example": example if len(example) <= _LONGEST else f"{example[: _LONGEST - 1]}…",
        "languages": list(one.languages),
        "near": None if near is None else {"title": near.title, "url": near.url},
        "staff": [_did(did, language) for did in one.staff[:3]],
    }


def _did(one: StaffAnswer, language: str) -> str:
    key = "gaps_learned" if one.learned else "gaps_proposed" if one.proposed else "gaps_resolved"
    return say(key, language, case=one.case)


def _read(timer: Timer | None) -> Mapping[str, Any]:
    found: object = json.loads(timer.detail) if timer is not None and timer.detail else {}
    return found if isinstance(found, dict) else {}
