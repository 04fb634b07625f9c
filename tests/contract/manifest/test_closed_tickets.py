"""Tickets that are over are one source of an index, for staff alone, and what the database forgets the index forgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from config.knowledge.ticket_source import TicketReader
from core.domain.knowledge import IndexReport, KnowledgeAudience
from core.ports.tickets import ClosedTicket
from knowledge.index.order import IndexOrder, Origin
from knowledge.sources import Catalog, SourceOptions
from knowledge.sources.mirror import Mirror
from knowledge.sources.options import CLOSED_TICKETS
from knowledge.sources.refresh import Refresh, Refreshed
from tests.contract.conftest import BOTH_DATABASES
from tests.integration.knowledge.index_bench import Bench
from tests.unit.config.closed_cases import Desk, asked, closed, told


def ticket(number: int, question: str = "", **fields: str) -> ClosedTicket:
    text = question or f"How do I mend lamp {'x' * number}?"
    return closed(number, asked(1, text), told(2, f"Press its button so often: {number}."), subject=text, **fields)


class Machine:
    """A process with an index, copies of its own, and a way to the hub's database, or none."""

    def __init__(self, bench: Bench, mirrors: Path, desk: Desk | None, **given: object) -> None:
        self.bench = bench
        self.desk = desk
        self.mirrors = mirrors
        self.catalog = Catalog((SourceOptions(CLOSED_TICKETS, **given),), mirrors)  # type: ignore[arg-type]
        self.refresh = Refresh(self.catalog)
        if desk is not None:
            self.refresh.read_tickets_with(TicketReader(desk, at_once=3))

    async def fetch(self) -> Refreshed:
        (found,) = await self.refresh.run([CLOSED_TICKETS])
        return found

    def index(self, *roots: str, only: Sequence[str] = ()) -> IndexReport:
        self.bench.catalog = self.catalog
        wanted = [str(self.bench.folder), *(roots or [CLOSED_TICKETS])]
        return self.bench.run(order=IndexOrder(wanted, Origin.CONFIGURED, only=list(only)))

    async def run(self) -> IndexReport:
        await self.fetch()
        return self.index()

    def files(self) -> str:
        """All that lies on this disk."""
        return "\n".join(path.read_text() for path in self.mirrors.rglob("*") if path.is_file())


def sources(bench: Bench) -> set[str]:
    return {one for one in bench.sources() if one.startswith("tickets/")}


@pytest.fixture
def machine(bench: Bench, tmp_path: Path) -> Machine:
    return Machine(bench, tmp_path / "mirrors", Desk(*(ticket(number) for number in range(1, 9))))


async def test_staff_find_them_and_customers_never(machine: Machine, bench: Bench) -> None:
    report = await machine.run()
    assert report.failures == ()
    question = "How do I mend lamp xxx?"
    whole = f"{question}\nPress its button so often: 3."
    (first, *_) = bench.found(whole, audience=KnowledgeAudience.STAFF)
    assert (first.question, first.answer) == (question, "Press its button so often: 3.")
    assert (first.source, first.section) == ("tickets/TKT-20261121-0003", "TKT-20261121-0003, 2026-11-22")
    assert (first.category, first.language) == ("billing", "de")
    assert not any(one.source.startswith("tickets/") for one in bench.found(whole, limit=50))


async def test_only_what_is_new_is_embedded(machine: Machine, bench: Bench) -> None:
    await machine.run()
    again = await machine.fetch()
    assert (again.changed, again.documents) == (False, 8)
    assert (machine.index().indexed, bench.embedded) == (0, [])
    assert machine.desk is not None
    machine.desk.tickets[2] = ticket(3, "What is a lamp?")
    machine.desk.tickets.append(ticket(9))
    report = await machine.run()
    assert (report.indexed, report.removed) == (2, 0)
    assert not any("lamp xxxx?" in text for text in bench.embedded)


@BOTH_DATABASES
async def test_what_the_database_forgets_goes_at_once_however_much_it_is(machine: Machine, bench: Bench) -> None:
    await machine.run()
    assert machine.desk is not None
    machine.desk.tickets = machine.desk.tickets[:1]
    report = await machine.run()
    assert (report.removed, report.failures) == (7, ()), "nobody has to confirm it"
    assert sources(bench) == {"tickets/TKT-20261121-0001"}
    assert "so often: 3" not in machine.files(), "nor does it stay on the disk"
    machine.desk.tickets = []
    report = await machine.run()
    assert (report.removed, report.failures) == (1, ())
    assert sources(bench) == set()
    assert len(bench.sources()) == 3, "the other documents are as they were"


@pytest.mark.parametrize("pages", [0, 1])
async def test_while_the_database_is_away_nothing_goes(machine: Machine, bench: Bench, pages: int) -> None:
    await machine.run()
    assert machine.desk is not None
    machine.desk.tickets = machine.desk.tickets[4:]
    machine.desk.pages, machine.desk.away = 0, pages
    found = await machine.fetch()
    assert found.failure == "the hub's database cannot be read: connection refused"
    report = machine.index()
    assert report.removed == 0
    assert "connection refused (what was fetched before stays)" in report.failures[0][1]
    assert len(sources(bench)) == 8
    machine.desk.away = None
    assert (await machine.run()).removed == 4


async def test_before_the_first_time_it_says_why_nothing_is_there(bench: Bench, tmp_path: Path) -> None:
    machine = Machine(bench, tmp_path / "mirrors", None)
    found = await machine.fetch()
    assert found.failure is not None
    assert "cannot be reached from here" in found.failure
    assert machine.index().failures == ((CLOSED_TICKETS, found.failure),)
    empty = Machine(bench, tmp_path / "mirrors", Desk())
    assert (await empty.fetch()).failure is None
    assert empty.index().failures == (), "no ticket is over yet"


async def test_the_newest_are_taken_and_those_that_are_wanted(bench: Bench, tmp_path: Path) -> None:
    desk = Desk(*(ticket(number, category="legal" if number % 2 else "billing") for number in range(1, 21)))
    machine = Machine(bench, tmp_path / "mirrors", desk, most_pages=4, exclude=("legal",))
    report = await machine.run()
    assert report.failures == ()
    assert sources(bench) == {f"tickets/TKT-20261121-{number:04d}" for number in (20, 18, 16, 14)}
    assert desk.pages == 3, "and no more is read than is needed"


async def test_one_that_nobody_answered_makes_no_document(bench: Bench, tmp_path: Path) -> None:
    machine = Machine(bench, tmp_path / "mirrors", Desk(closed(1, asked(1, "Hello?")), ticket(2), closed(3)))
    await machine.run()
    assert sources(bench) == {"tickets/TKT-20261121-0002"}


async def test_in_a_shared_index_they_are_one_source_and_an_old_copy_takes_nothing_back(
    machine: Machine, bench: Bench, tmp_path: Path
) -> None:
    await machine.run()
    other = Machine(bench, tmp_path / "other", machine.desk)
    other.index()
    assert len(sources(bench)) == 8, "a machine that has no copy yet knows nothing of them"
    await other.fetch()
    assert other.index().indexed == 0, "the same names and the same words"
    assert machine.desk is not None
    machine.desk.tickets = machine.desk.tickets[:2]
    await other.fetch()
    mirror = Mirror.of(other.mirrors, CLOSED_TICKETS)
    mirror.write(replace(mirror.read(), finished_at="2095-01-01T00:00:00+00:00"))
    assert other.index().removed == 6
    (failure,) = machine.index().failures
    assert "older than what is in the index" in failure[1]
    assert len(sources(bench)) == 2


async def test_they_go_when_they_are_configured_no_more(machine: Machine, bench: Bench) -> None:
    await machine.run()
    sample = bench.folder.parent / "sample"
    sample.mkdir()
    (sample / "s.md").write_text("A fictional company.")
    bench.catalog = Catalog((), machine.mirrors)
    bench.run(order=IndexOrder([str(sample)], Origin.CONFIGURED, stand_in=str(sample)))
    assert sources(bench) == set(), "there is no need to keep them: the database has them"


def test_nothing_makes_them_public() -> None:
    for options in (
        SourceOptions(CLOSED_TICKETS),
        SourceOptions(CLOSED_TICKETS, audience=KnowledgeAudience.PUBLIC),
        Catalog().options(CLOSED_TICKETS),
    ):
        assert options.audience is KnowledgeAudience.STAFF
