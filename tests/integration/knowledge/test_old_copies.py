"""Several machines share an index, and each has copies of its own of what was fetched: the older one never wins."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.domain.knowledge import IndexReport
from knowledge.index.order import IndexOrder, Origin
from knowledge.sources import Catalog, SourceOptions
from knowledge.sources.mirror import Mirror, Page, State
from tests.integration.knowledge.index_bench import Bench

SITE = SourceOptions("https://help.example.com/")
AHEAD = datetime(2031, 1, 1, tzinfo=UTC)
EARLY, LATE, LATEST = (f"2026-11-{day}T12:00:00+00:00" for day in ("01", "20", "21"))


class Machine:
    """Has copies of its own, and the index of all."""

    def __init__(self, bench: Bench, mirrors: Path) -> None:
        self.bench = bench
        self.catalog = Catalog((SITE,), mirrors)

    def fetched(self, at: str | None, failure: str | None = None, **pages: str) -> None:
        """What it has of the site since then."""
        assert self.catalog.mirrors is not None
        with Mirror.of(self.catalog.mirrors, SITE.root).fetching() as draft:
            held = {
                f"{SITE.address}{name}": Page(
                    draft.keep(text.encode(), f"{name}.md"), f"help.example.com/{name}", name, f"{SITE.address}{name}"
                )
                for name, text in pages.items()
            }
            draft.finish(State(held, failure=failure, finished_at=at))

    def index(self) -> IndexReport:
        self.bench.catalog = self.catalog
        return self.bench.run(order=IndexOrder([SITE.root], Origin.CONFIGURED))


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Machine, Machine]:
    bench = Bench(tmp_path, tmp_path / "chroma")
    return Machine(bench, tmp_path / "one"), Machine(bench, tmp_path / "other")


def test_an_older_copy_is_left_alone_until_it_is_fetched(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    other.fetched(EARLY, refunds="Within ten days.", old="Gone by now.")
    one.fetched(LATE, refunds="Within thirty days.", new="A new page.")
    assert one.index().indexed == 2

    report = other.index()

    assert (report.indexed, report.removed) == (0, 0)
    [(_, reason)] = report.failures
    assert reason == "the copy on this machine is older than what is in the index; it has to be fetched first"
    assert one.bench.sources() == {"help.example.com/refunds", "help.example.com/new"}

    other.fetched(LATEST, refunds="Within forty days.")
    assert other.index().failures == ()
    assert one.bench.found("Within forty days.")[0].content == "Within forty days."
    assert "older" in one.index().failures[0][1], "now it is the other one's that is the newer"


def test_one_that_was_never_fetched_whole_takes_nothing_out(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    one.fetched(LATE, refunds="Within thirty days.", new="A new page.")
    one.index()
    other.fetched(None, failure="8 pages in a row could not be fetched", refunds="Within thirty days.")

    report = other.index()

    assert report.removed == 0
    assert "8 pages in a row" in report.failures[0][1]


def test_the_same_copy_is_indexed_as_often_as_one_likes(machines: tuple[Machine, Machine]) -> None:
    one, _ = machines
    one.fetched(LATE, refunds="Within thirty days.")
    assert one.index().indexed == 1
    again = one.index()
    assert (again.unchanged, again.failures) == (1, ())


def test_a_copy_that_was_fetched_while_the_clock_was_ahead_is_newer_than_none(
    machines: tuple[Machine, Machine],
) -> None:
    one, other = machines
    one.bench.now = AHEAD.timestamp()
    one.fetched(AHEAD.isoformat(), refunds="Within ten days.")
    assert one.index().indexed == 1

    one.bench.now = datetime.fromisoformat(LATEST).timestamp()
    one.fetched(LATE, refunds="Within thirty days.")
    assert (one.index().indexed, one.index().failures) == (1, ())
    other.fetched(EARLY, refunds="Within twenty days.")
    assert "older" in other.index().failures[0][1], "it counts again, by the clock that is right"


def test_an_old_copy_that_is_dated_ahead_does_not_become_the_newest(machines: tuple[Machine, Machine]) -> None:
    one, other = machines
    one.bench.now = datetime.fromisoformat(LATEST).timestamp()
    one.fetched(AHEAD.isoformat(), refunds="Within ten days.")
    one.index()
    one.bench.now = AHEAD.timestamp()

    other.fetched(LATEST, refunds="Within thirty days.")

    assert (other.index().indexed, other.index().failures) == (1, ())
