"""What became of everything that was written, on the providers' side and in the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any

from tests.faults.channels.throng import Person, Throng
from tests.faults.checks import Stored, check_conversations, read_settled
from tests.soak_report import Report

_NOBODY: Mapping[str, Set[int]] = MappingProxyType({})


def check_person(person: Person, sent_again: Set[int] = frozenset()) -> tuple[list[str], int]:
    """What is wrong for one customer, and how many answers came more than once.

    ``sent_again``: what a person sent again later has come, wherever it stands.
    """
    wrong: list[str] = []
    twice: set[tuple[int, ...]] = set()
    seen: list[int] = []
    for said in person.said:
        if said.tags - {person.tag}:
            wrong.append(f"{person.tag} reads what is for {sorted(said.tags - {person.tag})}")
        if not said.numbers:
            wrong.append(f"{person.tag} reads something that answers nothing: {person.door.read(person.tag)}")
        elif set(said.numbers) <= set(seen):
            twice.add(said.numbers)
        else:
            seen += said.numbers
    late = set(seen) & sent_again
    if [one for one in seen if one not in late] != [one for one in range(1, person.each + 1) if one not in late]:
        wrong.append(f"{person.tag} was answered in the order {seen}")
    return wrong, len(twice)


def check_doubles(twice: Counter[str], stored: Stored, askable: frozenset[str]) -> list[str]:
    """Where the platform can be asked, nothing comes twice; elsewhere nothing does that the hub has not marked."""
    marked = possible_duplicates(stored)
    wrong = [f"{name}: {count} answers came twice" for name, count in twice.items() if count and name in askable]
    wrong += [
        f"{name}: {count} answers came twice, {marked[name]} are marked"
        for name, count in twice.items()
        if count > marked[name]
    ]
    wrong += [
        f"delivery {row.id} is {row.status}: {row.last_error}"
        for row in stored.outbox
        if row.status != "sent" and not _put_aside(row, askable)
    ]
    return wrong


def _put_aside(row: Any, askable: frozenset[str]) -> bool:
    """For a person to look at, as the channel's page says. Whether the customer has it is seen on the provider's side."""
    return row.status == "dead" and row.channel not in askable and "Sent twice without an answer" in row.last_error


def possible_duplicates(stored: Stored) -> Counter[str]:
    """What the hub says itself, by channel."""
    return Counter(row.channel for row in stored.outbox if row.possible_duplicate)


async def judge(throng: Throng, url: str, report: Report, sent_again: Mapping[str, Set[int]] = _NOBODY) -> None:
    """Fails when anything was lost, out of order, in the wrong hands, or doubled where that can be known.

    ``sent_again``: of each customer, the messages whose answer was put aside and sent again by a person.
    """
    stored = await read_settled(url)
    wrong: list[str] = []
    twice: Counter[str] = Counter()
    for person in throng.people:
        found, doubled = check_person(person, sent_again.get(person.tag, frozenset()))
        wrong += found
        twice[person.door.name] += doubled
    wrong += check_conversations(stored, len(throng.people), throng.each)
    wrong += check_doubles(twice, stored, frozenset(person.door.name for person in throng.people if person.door.asks))
    describe(throng, stored, twice, report)
    report.record("answers put aside that a person sent again", sum(map(len, sent_again.values())))
    if wrong:
        print(*_evidence(throng, stored), sep="\n")
    report.record("lost, out of order or in the wrong hands", len(wrong))
    assert not wrong, wrong[:20]


def describe(throng: Throng, stored: Stored, twice: Counter[str], report: Report) -> None:
    """The counts of this run, by channel."""
    people: dict[str, list[Person]] = defaultdict(list)
    for person in throng.people:
        people[person.door.name].append(person)
    marked = possible_duplicates(stored)
    for name, mine in people.items():
        door = mine[0].door
        door.tally()
        report.record(f"{name}: customers", len(mine))
        report.record(f"{name}: messages written", sum(person.each for person in mine))
        report.record(f"{name}: answers", sum(row.channel == name for row in stored.outbox))
        for what, count in sorted((*door.counts.items(), *_met(mine))):
            report.record(f"{name}: {what}", count)
        report.record(f"{name}: answers marked as possible duplicates", marked[name])
        report.record(f"{name}: answers that came twice", twice[name])
        aside = sum(row.channel == name and row.status == "dead" for row in stored.outbox)
        report.record(f"{name}: answers put aside for a person", aside)


def _evidence(throng: Throng, stored: Stored) -> list[str]:
    """For whoever has to find out why: what stands where, and what the database holds."""
    shown = [f"{one.tag} reads {list(one.door.read(one.tag))}" for one in throng.people if any(check_person(one))]
    texts: dict[str, list[str]] = defaultdict(list)
    for row in stored.messages:
        texts[row.conversation_id].append(f"{row.author}: {row.text}")
    return shown + [f"{name}: {text}" for name, text in texts.items()]


def _met(people: Sequence[Person]) -> list[tuple[str, int]]:
    return [(f"calls that met {trouble}", count) for trouble, count in people[0].door.weather.met.items()]
