"""One of several sources is brought in line, and the others stay as they are; each is reported about by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.knowledge import SourceReport
from knowledge.index.order import IndexOrder, Origin
from knowledge.sources import identity_of
from tests.contract.conftest import BOTH_DATABASES
from tests.integration.knowledge.index_bench import Bench

pytestmark = BOTH_DATABASES


@pytest.fixture
def two(bench: Bench, tmp_path: Path) -> list[str]:
    """The folders of two sources, both indexed."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.md").write_text("# x\n\nFirst x.")
    (other / "y.md").write_text("# y\n\nFirst y.")
    roots = [str(bench.folder), str(other)]
    bench.run(order=IndexOrder(roots, Origin.CONFIGURED))
    return roots


def only(bench: Bench, roots: list[str], root: str) -> tuple[SourceReport, ...]:
    return bench.run(order=IndexOrder(roots, Origin.CONFIGURED, only=[root])).sources


def test_a_run_over_one_leaves_what_changed_in_the_other(bench: Bench, two: list[str], tmp_path: Path) -> None:
    (tmp_path / "other" / "x.md").write_text("# x\n\nChanged x.")
    (tmp_path / "other" / "y.md").unlink()
    (bench.folder / "a.md").write_text("# a\n\nChanged a.")
    (bench.folder / "b.md").unlink()

    assert only(bench, two, two[0]) == (SourceReport(identity_of(two[0]), 1, 1, 1),)
    assert {passage.content for passage in bench.found("Changed x.", 9)} >= {"First x.", "First y.", "Changed a."}
    assert bench.sources() == {"docs/a.md", "docs/c.md", "other/x.md", "other/y.md"}

    assert only(bench, two, two[1]) == (SourceReport(identity_of(two[1]), 1, 0, 1),)
    assert bench.sources() == {"docs/a.md", "docs/c.md", "other/x.md"}


def test_what_fails_is_told_of_the_source_that_it_is_in(bench: Bench, two: list[str], tmp_path: Path) -> None:
    (tmp_path / "other" / "x.md").write_text("")
    gone = str(tmp_path / "gone")
    report = bench.run(order=IndexOrder([*two, gone], Origin.CONFIGURED))
    by_id = {one.id: one for one in report.sources}
    assert by_id[identity_of(two[0])] == SourceReport(identity_of(two[0]), 0, 3)
    ((place, _),) = by_id[identity_of(two[1])].failures
    assert place == "other/x.md"
    assert by_id[identity_of(gone)].failures == ((gone, "there is no such file or folder"),)
    assert only(bench, [*two, gone], two[0]) == (by_id[identity_of(two[0])],), "another's fault is none of this one's"


def test_a_source_that_is_gone_stays_while_another_is_read(bench: Bench, two: list[str]) -> None:
    for file in Path(two[1]).iterdir():
        file.unlink()
    Path(two[1]).rmdir()
    (bench.folder / "a.md").write_text("# a\n\nChanged a.")
    only(bench, two, two[0])
    assert {"other/x.md", "other/y.md"} <= bench.sources()


def test_a_document_of_two_sources_stays_with_the_first(bench: Bench) -> None:
    inner = bench.folder / "inner"
    inner.mkdir()
    (inner / "d.md").write_text("# d\n\nFirst d.")
    roots = [str(bench.folder), str(inner)]
    bench.run(order=IndexOrder(roots, Origin.CONFIGURED))
    before = {name: one.root for name, one in bench.index().documents().items()}
    only(bench, roots, roots[1])
    assert {name: one.root for name, one in bench.index().documents().items()} == before
