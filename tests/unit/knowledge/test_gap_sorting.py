"""Which questions ask the same: deterministic, and what was sorted stays where it is."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.errors import KnowledgeUnavailable
from core.domain.gaps import Gap, Leader, Nearest, StaffAnswer, Taught, Why
from knowledge.gaps.book import StoredGapBook
from knowledge.gaps.sorter import GapSorter
from knowledge.gaps.sorting import Likenesses, Question, sort
from tests.contract.stores.manual_clock import ManualClock

_START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
_NOUNS = ("bicycle", "rent", "price", "battery", "warranty", "parking", "sunday", "shop")
_WORDS = st.lists(st.sampled_from(_NOUNS), min_size=1, max_size=4)


def questions(*texts: str) -> list[Question]:
    return [Question(f"m{number}", text) for number, text in enumerate(texts)]


def test_by_words_alone() -> None:
    asked = questions(
        "Do you rent bicycles?", "Can I rent a bicycle?", "Is there parking?", "Parking?", "Do you sell tea?"
    )
    assert sort(asked, [], None).places == {"m0": "m0", "m1": "m0", "m2": "m2", "m3": "m2", "m4": "m4"}


def test_by_meaning_what_shares_too_few_words_is_something_else() -> None:
    asked = questions(
        "Do you rent bicycles?", "Bikes for hire?", "What do bicycles cost to rent?", "Rent for the garage?"
    )
    rows = [
        [1.0, 0.99, 0.5, 0.1],
        [0.99, 1.0, 0.1, 0.1],
        [0.5, 0.1, 1.0, 0.4],
        [0.1, 0.1, 0.4, 1.0],
    ]
    found = sort(asked, [], Likenesses([], asked, rows))
    assert found.places == {"m0": "m0", "m1": "m1", "m2": "m0", "m3": "m3"}
    assert [one.id for one in found.leaders] == ["m0", "m1", "m3"]


@given(st.lists(_WORDS, max_size=12), st.integers(0, 12))
def test_what_was_sorted_stays_whatever_is_asked_later(texts: list[list[str]], cut: int) -> None:
    asked = questions(*(" ".join(words) for words in texts))
    whole = sort(asked, [], None)
    first = sort(asked[:cut], [], None)
    then = sort(asked[cut:], first.leaders, None)
    assert {**first.places, **then.places} == dict(whole.places)
    assert set(whole.places.values()) == {one.id for one in whole.leaders}
    assert all(whole.places[one.id] == one.id for one in whole.leaders), "a cluster is named after its first question"


class MemoryGaps:
    """Implements Gaps in memory. ``others``: a cluster that another process makes just before the first commit."""

    def __init__(self, *kept: Gap, others: Sequence[Leader] = ()) -> None:
        self.kept = list(kept)
        self.leaders: list[Leader] = []
        self.others = list(others)
        self.staff: dict[str, list[StaffAnswer]] = {}
        self.lessons: list[Taught] = []

    async def gaps(self) -> Sequence[Gap]:
        return list(self.kept)

    async def unsorted_gaps(self, limit: int) -> Sequence[Gap]:
        return [one for one in self.kept if one.cluster_id is None][:limit]

    async def gap_leaders(self) -> Sequence[Leader]:
        return list(self.leaders)

    async def sort_gaps(self, places: dict[str, str], new: Sequence[Leader], known: Sequence[str]) -> bool:
        self.leaders += self.others
        self.others = []
        if {one.id for one in self.leaders} != set(known):
            return False
        self._put(places, new)
        return True

    async def close_gaps(self, leader: Leader, members: Sequence[str], answer: str) -> bool:
        self._put(dict.fromkeys(members, leader.id), [one for one in [leader] if one not in self.leaders])
        closed = replace(leader, closed_at=self.kept[-1].asked_at, answer=answer or leader.answer)
        self.leaders = [closed if one.id == leader.id else one for one in self.leaders]
        return True

    async def staff_answers(self, conversations: object) -> dict[str, list[StaffAnswer]]:
        return self.staff

    async def taught(self) -> list[Taught]:
        return self.lessons

    def _put(self, places: dict[str, str], new: Sequence[Leader]) -> None:
        self.leaders += new
        self.kept = [replace(one, cluster_id=places.get(one.message_id, one.cluster_id)) for one in self.kept]


class Alike:
    """Implements Likeness: all the same, or not there."""

    def __init__(self, *, off: bool = False) -> None:
        self.off = off
        self.among: Sequence[str] = ()

    async def cosines(self, texts: Sequence[str], among: Sequence[str]) -> list[list[float]]:
        if self.off:
            raise KnowledgeUnavailable("off")
        self.among = among
        return [[1.0] * len(among) for _ in texts]


def gap(number: int, text: str, **more: object) -> Gap:
    made = Gap(f"m{number}", f"c{number}", "web", text, text, (Why.NOT_FOUND,), _START + timedelta(hours=number), "en")
    return replace(made, **more)  # type: ignore[arg-type]


async def test_new_questions_join_what_another_process_made_meanwhile() -> None:
    memory_gaps = MemoryGaps(gap(1, "Bicycles?"), gap(2, "Any bicycle?"), others=[Leader("m0", "Bicycle?")])
    assert await GapSorter(memory_gaps, Alike()).once() == 2
    assert [one.cluster_id for one in memory_gaps.kept] == ["m0", "m0"]
    assert await GapSorter(memory_gaps, Alike()).once() == 0


async def test_without_a_model_they_are_compared_by_their_words_and_that_is_said() -> None:
    memory_gaps = MemoryGaps(
        gap(1, "Do you rent bicycles?"), gap(2, "Can I rent a bicycle?"), gap(3, "Bikes for hire?")
    )
    with pytest.raises(KnowledgeUnavailable):
        await GapSorter(memory_gaps, Alike(off=True)).once()
    report = await StoredGapBook(memory_gaps, ManualClock()).report()
    assert [(one.id, one.count) for one in report.clusters] == [("m1", 2), ("m3", 1)]
    assert report.by_words == 3
    await GapSorter(memory_gaps, Alike()).once()
    report = await StoredGapBook(memory_gaps, ManualClock()).report()
    assert [(one.id, one.count) for one in report.clusters] == [("m1", 2), ("m3", 1)]
    assert report.by_words == 0


async def test_a_closed_cluster_opens_again_when_somebody_asks() -> None:
    memory_gaps = MemoryGaps(gap(1, "Do you rent bicycles?"))
    book = StoredGapBook(memory_gaps, ManualClock())
    assert not await book.close("nothing", "")
    assert await book.close("m1", "See the page on hire")
    assert (await book.report()).clusters == ()
    (closed,) = (await book.report(closed=True)).clusters
    assert (closed.closed, closed.answer) == (True, "See the page on hire")
    memory_gaps.kept.append(gap(2, "Can I rent a bicycle?"))
    (again,) = (await book.report()).clusters
    assert (again.id, again.count, again.closed, again.answer) == ("m1", 2, False, None)


async def test_what_is_shown_of_a_cluster() -> None:
    near, far = Nearest("Hire", 0.4, "u"), Nearest("Pumps", 0.5)
    memory_gaps = MemoryGaps(
        gap(1, "Do you rent bicycles?", nearest=(near,)),
        gap(2, "Can I rent a bicycle?", nearest=(Nearest("Hire", 0.45, "u"),), language="de", whys=(Why.THUMB_DOWN,)),
        gap(3, "Rent a bicycle?", nearest=(far, near), whys=(Why.NOT_FOUND, Why.THUMB_DOWN)),
    )
    memory_gaps.staff = {"c1": [StaffAnswer("TKT-1", proposed=True)], "c3": [StaffAnswer("TKT-2")]}
    (one,) = (await StoredGapBook(memory_gaps, ManualClock()).report()).clusters
    assert (one.example, one.count, one.languages) == ("Do you rent bicycles?", 3, ("en", "de"))
    assert one.counts == {Why.NOT_FOUND: 2, Why.THUMB_DOWN: 2}
    assert one.nearest == Nearest("Hire", 0.45, "u")
    assert one.staff == (StaffAnswer("TKT-1", proposed=True),)
    (late,) = (await StoredGapBook(memory_gaps, ManualClock()).report(_START + timedelta(hours=2))).clusters
    assert (late.count, late.example) == (1, "Do you rent bicycles?")
    shuffled = MemoryGaps(*memory_gaps.kept)
    random.Random(3).shuffle(shuffled.kept)
    assert len((await StoredGapBook(shuffled, ManualClock()).report()).clusters) == 1


async def test_the_example_says_what_was_meant() -> None:
    memory_gaps = MemoryGaps(
        gap(1, "And in Norway?", looked_up="How much is shipping of a parcel?\nAnd in Norway?"),
        gap(2, "Parking at Tidepool?", looked_up="Parking at?"),
    )
    report = await StoredGapBook(memory_gaps, ManualClock()).report()
    assert {one.example for one in report.clusters} == {
        "How much is shipping of a parcel?\nAnd in Norway?",
        "Parking at Tidepool?",
    }


async def test_what_staff_taught_elsewhere_is_told_where_it_is_the_same_question() -> None:
    memory_gaps = MemoryGaps(gap(1, "Do you rent bicycles?"), gap(2, "Is there parking?"))
    waits, learned = StaffAnswer("TKT-7", proposed=True), StaffAnswer("TKT-8", learned=True)
    memory_gaps.lessons = [Taught("Can I rent a bicycle from you?", waits), Taught("Do you sell tea?", learned)]
    report = await StoredGapBook(memory_gaps, ManualClock()).report()
    assert {one.id: one.staff for one in report.clusters} == {"m1": (waits,), "m2": ()}
    memory_gaps.staff = {"c1": [StaffAnswer("TKT-7", resolved=True, proposed=True)]}
    report = await StoredGapBook(memory_gaps, ManualClock()).report()
    assert {one.id: one.staff for one in report.clusters}["m1"] == (memory_gaps.staff["c1"][0],), "each case once"


async def test_only_what_shares_words_is_compared_by_its_meaning() -> None:
    memory_gaps = MemoryGaps(gap(1, "Do you rent bicycles?"))
    memory_gaps.leaders = [Leader("a", "Is there parking?"), Leader("b", "What does a bicycle cost?")]
    likeness = Alike()
    assert await GapSorter(memory_gaps, likeness).once() == 1
    assert likeness.among == ["What does a bicycle cost?", "Do you rent bicycles?"]
    assert [one.cluster_id for one in memory_gaps.kept] == ["b"]
