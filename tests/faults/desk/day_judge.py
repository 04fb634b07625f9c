"""Whether a customer's day at the desk was as it has to be: what should have come, beside what was seen. Pure.

Each thing that is looked for is a text which stands in nothing else that the same person reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Thread:
    """One case, as it should be in its thread. ``said``: by the customer, once each and in that order; ``once``: by the hub.

    ``gone``: what the customer changed or took away again. ``papers``: the customer's files.
    """

    said: list[str] = field(default_factory=list)
    once: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    papers: list[bytes] = field(default_factory=list)


@dataclass
class Day:
    """All of it. ``answers``: of staff, in the order in which the customer has to read them. ``told``: the hub's own, how often.

    ``mended``: what was written first, and what instead; where the first was sent already and cannot be changed, the second is a
    correction of it. ``regretted``: what staff took away, in time or not. ``inside``: what no customer may read. ``tag``: names
    the customer in everything that is said by or to them; that of anybody else may stand nowhere.
    """

    tag: str = ""
    threads: list[Thread] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)
    mended: list[tuple[str, str]] = field(default_factory=list)
    regretted: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    papers: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class ObservedThread:
    """``lines``: what the hub wrote below the card, in order."""

    lines: Sequence[str] = ()
    papers: Sequence[bytes] = ()


@dataclass(frozen=True)
class ObservedDay:
    """``read``: what the customer has, in order.

    ``doubtful``: what the hub itself says may have come twice: of a platform that cannot be asked (docs/reference/delivery.md).
    ``sent_again``: what a person sent again after that, so that it may stand anywhere.
    """

    read: Sequence[str]
    threads: Sequence[ObservedThread]
    papers: Sequence[bytes] = ()
    doubtful: Sequence[str] = ()
    sent_again: Sequence[str] = ()


TAG = re.compile(r"\bc\d{3}\b")
WITHDRAWN = "disregard"
"""Stands in what asks a customer to forget the message before."""


def judge(day: Day, seen: ObservedDay) -> list[str]:
    """What was lost, doubled, out of order, or in the wrong hands."""
    return [*_at_the_customer(day, seen), *_in_the_threads(day, seen), *_of_others(day, seen)]


def _at_the_customer(day: Day, seen: ObservedDay) -> Iterator[str]:
    wanted = [(text, 1) for text in day.answers] + list(day.told.items())
    for text, times in wanted:
        yield from _counted("the customer read", text, times, seen)
    yield from _order("the customer read", [one for one in day.answers if not _among(one, seen.sent_again)], seen.read)
    for text in day.inside:
        if _among(text, seen.read):
            yield f"the customer read {text!r}, which was not meant for them"
    for wrong, right in day.mended:
        yield from _counted("the customer read", right, 1, seen)
        if (count := _count(wrong, seen.read)) and not _doubted((wrong, right), seen):
            first, then = _places(wrong, seen.read)[0], _places(right, seen.read)
            if count > 1 or not then or then[-1] < first:
                yield f"the customer read {wrong!r} {count} times, and was not corrected afterwards"
    yield from _taken_back(day, seen)
    for paper in day.papers:
        found, most = list(seen.papers).count(paper), 2 if seen.doubtful else 1
        if not 1 <= found <= most:
            yield f"the customer got the file {paper[:40]!r} {found} times"
    if strangers := [paper for paper in seen.papers if paper not in day.papers]:
        yield f"the customer got files that are not theirs: {strangers}"


def _counted(who: str, text: str, times: int, seen: ObservedDay) -> Iterator[str]:
    count, more = _count(text, seen.read), _count(text, seen.doubtful)
    if not times <= count <= times + more:
        yield f"{who} {text!r} {count} times instead of {times}" + (f", {more} are marked" if more else "")


def _taken_back(day: Day, seen: ObservedDay) -> Iterator[str]:
    for text in day.regretted:
        places = _places(text, seen.read)
        if not places or _doubted((text,), seen):
            continue
        if len(places) > 1 or not any(WITHDRAWN in one for one in seen.read[places[0] :]):
            yield f"the customer read {text!r} {len(places)} times, and it was not taken back"


def _in_the_threads(day: Day, seen: ObservedDay) -> Iterator[str]:
    if len(seen.threads) != len(day.threads):
        yield f"{len(seen.threads)} cards of {len(day.threads)} cases"
    for number, (wanted, found) in enumerate(zip(day.threads, seen.threads, strict=False), start=1):
        yield from _in_thread(f"thread {number}", wanted, found)


def _in_thread(which: str, wanted: Thread, found: ObservedThread) -> Iterator[str]:
    """What people said begins with their name in bold; everything else is the hub's, which quotes what it only speaks of."""
    said = [line for line in found.lines if line.startswith("*")]
    counts = [(text, _count(text, said)) for text in wanted.said]
    counts += [(text, _count(text, [line for line in found.lines if f"“{text}" not in line])) for text in wanted.once]
    yield from (f"{which} shows {text!r} {count} times" for text, count in counts if count != 1)
    yield from _order(f"{which} shows", wanted.said, said)
    yield from (f"{which} still shows {text!r}" for text in wanted.gone if _among(text, found.lines))
    files = [(paper, list(found.papers).count(paper)) for paper in wanted.papers]
    yield from (f"{which} has the file {paper[:40]!r} {count} times" for paper, count in files if count != 1)


def _of_others(day: Day, seen: ObservedDay) -> Iterator[str]:
    """In the wrong hands."""
    for where, lines in (("customer", seen.read), *(("thread", thread.lines) for thread in seen.threads)):
        found = {tag for line in lines for tag in TAG.findall(line)} - {day.tag}
        if found:
            yield f"the {where} reads what is for {sorted(found)}"


def _order(who: str, wanted: Sequence[str], lines: Sequence[str]) -> Iterator[str]:
    """By where each came first; what did not come at all is said elsewhere."""
    places = [found[0] for text in wanted if (found := _places(text, lines))]
    if places != sorted(places):
        yield f"{who} {list(wanted)} in the order {places}"


def _doubted(texts: Sequence[str], seen: ObservedDay) -> bool:
    return any(_among(text, (*seen.doubtful, *seen.sent_again)) for text in texts)


def _places(text: str, lines: Sequence[str]) -> list[int]:
    return [place for place, line in enumerate(lines) if text in line]


def _count(text: str, lines: Sequence[str]) -> int:
    return sum(line.count(text) for line in lines)


def _among(text: str, lines: Sequence[str]) -> bool:
    return any(text in line for line in lines)
