"""A run that would take out most of a source asks first: a folder that was emptied by mistake must not empty the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.index.order import IndexOrder, Origin
from tests.integration.knowledge.index_bench import Bench


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
