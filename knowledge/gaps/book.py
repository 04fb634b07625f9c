"""What was not answered, as staff and operators see it: clusters with their counts, and what is done with."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.domain.errors import InvalidInput
from core.domain.gaps import Gap, GapCluster, GapReport, Leader, Nearest, StaffAnswer, since_of
from core.ports.clock import Clock
from core.ports.gaps import Gaps
from knowledge.gaps.sorter import question_of
from knowledge.gaps.sorting import Question, sort


class StoredGapBook:
    """Implements GapBook. What is not sorted by meaning yet is sorted by its words, for this look at it alone."""

    def __init__(self, gaps: Gaps, clock: Clock) -> None:
        self._gaps = gaps
        self._clock = clock

    async def report(self, since: datetime | str | None = None, *, closed: bool = False) -> GapReport:
        """See GapBook.report."""
        since = self._moment(since) if isinstance(since, str) else since
        found, leaders, by_words = await self._read()
        staff = await self._gaps.staff_answers({one.conversation_id for one in found})
        taught = await self._taught(leaders)
        known = {one.id: one for one in leaders}
        of_cluster: dict[str, list[Gap]] = {}
        for one in found:
            of_cluster.setdefault(one.cluster_id or one.message_id, []).append(one)
        clusters = [
            _cluster(known.get(name) or Leader(name, members[0].looked_up), members, since, staff, taught.get(name, ()))
            for name, members in of_cluster.items()
            if since is None or members[-1].asked_at > since
        ]
        shown = [one for one in clusters if closed or not one.closed]
        shown.sort(key=lambda one: (-one.count, -one.last_at.timestamp(), one.id))
        return GapReport(tuple(shown), by_words)

    async def close(self, cluster_id: str, answer: str) -> bool:
        """See GapBook.close."""
        found, leaders, _ = await self._read()
        members = [one for one in found if one.cluster_id == cluster_id]
        leader = next((one for one in leaders if one.id == cluster_id), None)
        if leader is None:
            return False
        return await self._gaps.close_gaps(leader, [one.message_id for one in members], answer)

    async def _taught(self, leaders: Sequence[Leader]) -> Mapping[str, Sequence[StaffAnswer]]:
        """What staff have taught, by the cluster whose question it is like by its words: also out of other conversations."""
        taught = await self._gaps.taught()
        questions = [Question(f"taught {number}", one.question) for number, one in enumerate(taught)]
        places = (await asyncio.to_thread(sort, questions, leaders, None)).places
        found: dict[str, list[StaffAnswer]] = {}
        for question, one in zip(questions, taught, strict=True):
            found.setdefault(places[question.id], []).append(one.by)
        return found

    def _moment(self, text: str) -> datetime:
        try:
            return since_of(text, self._clock.now())
        except ValueError:
            raise InvalidInput("Write since as a span such as 7d or 12h, or as a day such as 2026-11-30.") from None

    async def _read(self) -> tuple[Sequence[Gap], Sequence[Leader], int]:
        """All questions, each in a cluster; and how many of them only by their words."""
        found, leaders = await self._gaps.gaps(), list(await self._gaps.gap_leaders())
        unsorted = [question_of(one) for one in found if one.cluster_id is None]
        done = await asyncio.to_thread(sort, unsorted, leaders, None)
        placed = [replace(one, cluster_id=one.cluster_id or done.places[one.message_id]) for one in found]
        return placed, [*leaders, *done.leaders], len(unsorted)


def _cluster(
    leader: Leader,
    members: Sequence[Gap],
    since: datetime | None,
    staff: Mapping[str, Sequence[StaffAnswer]],
    taught: Sequence[StaffAnswer],
) -> GapCluster:
    """``members``: the oldest first, also those before ``since``, which are not counted.

    ``staff``: what was done about their conversations; ``taught``: what was learned from others that ask the same.
    """
    counted = [one for one in members if since is None or one.asked_at > since]
    done = leader.closed_at is not None and members[-1].asked_at <= leader.closed_at
    languages = Counter(one.language for one in counted if one.language)
    own = [answer for one in members for answer in staff.get(one.conversation_id, ())]
    answers = {one.case: one for one in (*taught, *own)}.values()
    return GapCluster(
        id=leader.id,
        count=len(counted),
        example=_example(members[0]) if members[0].message_id == leader.id else leader.question,
        first_at=members[0].asked_at,
        last_at=members[-1].asked_at,
        languages=tuple(name for name, _ in languages.most_common()),
        counts=dict(Counter(why for one in counted for why in one.whys)),
        nearest=_nearest(counted),
        closed_at=leader.closed_at if done else None,
        answer=leader.answer if done else None,
        staff=tuple(one for one in answers if one.resolved or one.proposed or one.learned),
    )


def _example(first: Gap) -> str:
    """In the customer's words, unless they say too little by themselves ("and in Norway?", or the number of a choice)."""
    return first.asked if 2 * len(first.asked) >= len(first.looked_up) else first.looked_up


def _nearest(members: Sequence[Gap]) -> Nearest | None:
    """The document that came closest to most of them."""
    best = [max(one.nearest, key=lambda each: each.score) for one in members if one.nearest]
    if not best:
        return None
    often = Counter((one.title, one.url) for one in best)
    place = max(often, key=lambda each: (often[each], max(one.score for one in best if (one.title, one.url) == each)))
    return max((one for one in best if (one.title, one.url) == place), key=lambda one: one.score)
