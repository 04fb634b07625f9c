"""A run that would take out most of a source asks first: a folder that was emptied by mistake must not empty the index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.index.order import IndexOrder, Origin
from tests.contract.conftest import BOTH_DATABASES
from tests.integration.knowledge.index_bench import Bench

pytestmark = BOTH_DATABASES


@pytest.fixture
def many(bench: Bench) -> Bench:
    """Twenty documents more, indexed."""
    for number in range(20):
        (bench.folder / f"{number}.md").write_text(f"Number {number}.")
    bench.run()
    return bench


def remove(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"{number}.md").unlink()


def test_most_of_a_source_stays_until_somebody_confirms(many: Bench) -> None:
    remove(many.folder, 15)
    (many.folder / "a.md").write_text("# a\n\nChanged.")

    report = many.run()

    assert (report.indexed, report.removed) == (1, 0)
    [(root, reason)] = report.failures
    assert root == str(many.folder)
    assert reason.startswith("15 of its 23 documents are gone")
    assert "switchboard index --confirm-deletions" in reason
    assert many.run().failures == report.failures, "each run says it again"
    assert len(many.sources()) == 23

    confirmed = many.run(order=IndexOrder([str(many.folder)], confirm_deletions=True))
    assert (confirmed.removed, confirmed.failures) == (15, ())
    assert len(many.sources()) == 8


def test_half_of_a_source_goes_without_a_question(many: Bench) -> None:
    remove(many.folder, 11)
    assert (many.run().removed, len(many.sources())) == (11, 12)


def test_what_is_no_longer_configured_is_meant_to_go(many: Bench, tmp_path: Path) -> None:
    (tmp_path / "more.md").write_text("More.")
    many.run(order=IndexOrder([str(many.folder)], Origin.CONFIGURED))
    for document in many.index().documents().values():
        assert document.origin is Origin.NAMED
    assert many.made().forget([str(many.folder)]).removed == 23
    many.run(order=IndexOrder([str(many.folder)], Origin.CONFIGURED))
    report = many.run(order=IndexOrder([str(tmp_path / "more.md")], Origin.CONFIGURED))
    assert (report.removed, report.failures) == (23, ())


@pytest.mark.parametrize("instead", ["not there", "nothing"])
def test_what_is_no_longer_configured_stays_until_something_can_be_read_in_its_place(
    bench: Bench, tmp_path: Path, instead: str
) -> None:
    """A slash behind an address makes another source of it; and a setting may be lost."""
    for number in range(20):
        (bench.folder / f"{number}.md").write_text(f"Number {number}.")
    sample = tmp_path / "sample"
    sample.mkdir()
    (sample / "s.md").write_text("A fictional company.")
    bench.run(order=IndexOrder([str(bench.folder)], Origin.CONFIGURED))
    if instead == "nothing":
        order = IndexOrder([str(sample)], Origin.CONFIGURED, stand_in=str(sample))
    else:
        order = IndexOrder([str(tmp_path / "other")], Origin.CONFIGURED)

    report = bench.run(order=order)

    assert report.removed == 0
    assert len(bench.sources()) == 23
    assert "sample/s.md" not in bench.sources(), "a company's documents are not mixed with fictional ones"
    [reason] = [reason for root, reason in report.failures if root == str(bench.folder)]
    assert "its 23 documents stay" in reason
    assert "--confirm-deletions" in reason

    if instead == "not there":
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "a.md").write_text("Here.")
        assert bench.run(order=order).removed == 23
        assert bench.sources() == {"other/a.md"}
    else:
        confirmed = bench.run(order=replace(order, confirm_deletions=True))
        assert (confirmed.removed, confirmed.failures) == (23, ())
        assert bench.sources() == {"sample/s.md"}
