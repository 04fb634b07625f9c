"""The judge of a day at the desk sees what it is there for: each thing that may go wrong, alone, in a day that was right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.desk.day_judge import Day, ObservedDay, ObservedThread, Thread, judge

RECEIPT, BILL = b"the receipt", b"the bill"
DAY = Day(
    tag="c001",
    threads=[
        Thread(
            said=["Mine 1.", "Mine 2.", "It is eight"],
            once=["Grace has taken"],
            gone=["It is seven"],
            papers=[BILL],
        ),
        Thread(said=["It broke again"], once=["gave 5 of 5"]),
    ],
    answers=["Yours 1.", "Yours 2.", "Kommt am Montag"],
    told={"Grace has joined": 2, "Reply with a number": 1},
    mended=[("It costs 10", "It costs 12")],
    regretted=["You are wrong"],
    inside=["pays late", "Too early"],
    papers=[RECEIPT],
)
FIRST = (
    "nobody has claimed",
    "Grace has taken it",
    "*Ada*\nMine 1.",
    "*Ada*\nMine 2.",
    "*Ada*\nIt is eight (edited), c001",
)
SECOND = ("*Ada*\nMine 1.\n*Staff*\nYours 1.", "The customer gave 5 of 5.", "*Ada*\nIt broke again")
READ = (
    "Grace has joined",
    "Yours 1.",
    "Yours 2.",
    "It costs 12",
    "Kommt am Montag",
    "Grace has joined",
    "Reply with a number",
)
GOOD = ObservedDay(READ, [ObservedThread(FIRST, [BILL]), ObservedThread(SECOND)], [RECEIPT])


def reads(*texts: str) -> ObservedDay:
    return replace(GOOD, read=texts)


def shows(*lines: str, papers: tuple[bytes, ...] = (BILL,)) -> ObservedDay:
    return replace(GOOD, threads=[ObservedThread(lines, papers), GOOD.threads[1]])


def without(texts: tuple[str, ...], wanted: str) -> tuple[str, ...]:
    return tuple(one for one in texts if wanted not in one)


def swapped(texts: tuple[str, ...], one: str, other: str) -> tuple[str, ...]:
    found = {one: other, other: one}
    return tuple(found.get(text, text) for text in texts)


def test_a_day_that_was_right_is() -> None:
    assert judge(DAY, GOOD) == []


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        pytest.param(reads(*READ, "Yours 2."), "'Yours 2.' 2 times", id="an answer came twice"),
        pytest.param(reads(*without(READ, "Yours 2.")), "'Yours 2.' 0 times", id="an answer was lost"),
        pytest.param(reads(*swapped(READ, "Yours 1.", "Yours 2.")), "in the order", id="answers changed places"),
        pytest.param(reads(*without(READ, "Kommt")), "'Kommt am Montag' 0 times", id="a translation was lost"),
        pytest.param(reads(*READ, "he pays late"), "not meant for them", id="a note was read"),
        pytest.param(reads("Too early for you", *READ), "not meant for them", id="what nobody had claimed was read"),
        pytest.param(reads(*READ, "Grace has joined"), "3 times instead of 2", id="joined once more"),
        pytest.param(reads(*without(READ, "Reply")), "'Reply with a number' 0 times", id="nobody asked for a rating"),
        pytest.param(reads(*without(READ, "12")), "'It costs 12' 0 times", id="never mended"),
        pytest.param(reads(*READ, "It costs 10"), "was not corrected afterwards", id="mended before it was wrong"),
        pytest.param(reads(*READ, "You are wrong"), "was not taken back", id="not taken back"),
        pytest.param(reads(*READ, "For c002"), "what is for ['c002']", id="in the wrong hands"),
        pytest.param(replace(GOOD, papers=[]), "got the file", id="a file was lost"),
        pytest.param(replace(GOOD, papers=[RECEIPT, RECEIPT]), "2 times", id="a file came twice"),
        pytest.param(replace(GOOD, papers=[RECEIPT, b"else"]), "not theirs", id="a file of somebody else's"),
    ],
)
def test_what_goes_wrong_at_a_customer(seen: ObservedDay, said: str) -> None:
    (found,) = judge(DAY, seen)
    assert said in found


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        pytest.param(shows(*FIRST, "*Ada*\nMine 1."), "'Mine 1.' 2 times", id="shown twice"),
        pytest.param(shows(*without(FIRST, "Mine 2.")), "'Mine 2.' 0 times", id="lost"),
        pytest.param(shows(*swapped(FIRST, FIRST[2], FIRST[3])), "in the order", id="changed places"),
        pytest.param(shows(*FIRST, "Grace has taken it"), "'Grace has taken' 2 times", id="claimed twice"),
        pytest.param(shows(*FIRST, "*Ada*\nIt is seven"), "still shows 'It is seven'", id="an edit was lost"),
        pytest.param(shows(*FIRST, "*Ann*\nFor c002"), "what is for ['c002']", id="in the wrong thread"),
        pytest.param(shows(*FIRST, papers=()), "has the file", id="a file was lost"),
        pytest.param(shows(*FIRST, papers=(BILL, BILL)), "has the file", id="a file was shown twice"),
        pytest.param(replace(GOOD, threads=[*GOOD.threads, ObservedThread()]), "3 cards of 2", id="a card too many"),
    ],
)
def test_what_goes_wrong_in_a_thread(seen: ObservedDay, said: str) -> None:
    (found,) = judge(DAY, seen)
    assert said in found


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda seen: replace(seen, read=(*READ, "Yours 2."), doubtful=["Yours 2."]), id="marked as doubtful"
        ),
        pytest.param(
            lambda seen: shows(*FIRST, "“Grace has taken it” may have reached the customer twice"), id="spoken of"
        ),
        pytest.param(
            lambda seen: replace(seen, read=(*without(READ, "Yours 1."), "Yours 1."), sent_again=["Yours 1."]),
            id="sent again by a person",
        ),
        pytest.param(
            lambda seen: replace(seen, read=(READ[0], "It costs 10", *READ[1:])), id="corrected by another message"
        ),
        pytest.param(
            lambda seen: replace(seen, read=(*READ, "You are wrong", "Please disregard that")), id="asked to disregard"
        ),
        pytest.param(
            lambda seen: replace(seen, papers=[RECEIPT, RECEIPT], doubtful=["Yours 2."]), id="a file that was marked"
        ),
    ],
)
def test_what_is_promised_is_not_wrong(change: Callable[[ObservedDay], ObservedDay]) -> None:
    assert judge(DAY, change(GOOD)) == []


def test_what_is_marked_may_come_twice_and_not_three_times() -> None:
    seen = replace(GOOD, read=(*READ, "Yours 2.", "Yours 2."), doubtful=["Yours 2."])
    (found,) = judge(DAY, seen)
    assert "3 times instead of 1, 1 are marked" in found
