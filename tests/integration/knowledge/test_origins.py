"""Which documents a run may take out: its own, and never what somebody else named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from knowledge.index.order import IndexOrder, Origin
from tests.integration.knowledge.index_bench import Bench


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A company's documents, others of its, and a sample."""
    for name in ("docs", "more", "sample"):
        (tmp_path / name).mkdir()
        for number in (1, 2):
            (tmp_path / name / f"{number}.md").write_text(f"Text {number} of {name}.")
    return tmp_path


@pytest.fixture
def bench(world: Path) -> Iterator[Bench]:
    made = Bench(world / "docs", world / "chroma")
    yield made
    made.close()


def named(*roots: Path, stand_in: Path | None = None) -> IndexOrder:
    return IndexOrder([str(root) for root in roots], Origin.NAMED, stand_in=str(stand_in) if stand_in else None)


def configured(*roots: Path, stand_in: Path | None = None) -> IndexOrder:
    return IndexOrder([str(root) for root in roots], Origin.CONFIGURED, stand_in=str(stand_in) if stand_in else None)


def test_a_named_run_leaves_everything_else_alone(bench: Bench, world: Path) -> None:
    bench.run(order=configured(world / "more"))
    (world / "more" / "1.md").unlink()
    bench.run(order=named(world / "docs"))
    assert bench.sources() == {"docs/1.md", "docs/2.md", "more/1.md", "more/2.md"}

    (world / "docs" / "1.md").unlink()
    assert bench.run(order=named(world / "docs")).removed == 1
    assert bench.sources() == {"docs/2.md", "more/1.md", "more/2.md"}


def test_a_start_takes_out_what_was_configured_and_never_what_was_named(bench: Bench, world: Path) -> None:
    bench.run(order=configured(world / "more", world / "sample"))
    bench.run(order=named(world / "docs"))

    report = bench.run(order=configured(world / "sample"))

    assert report.removed == 2
    assert bench.sources() == {"docs/1.md", "docs/2.md", "sample/1.md", "sample/2.md"}


def test_what_was_named_once_stays_when_it_is_configured_for_a_while(bench: Bench, world: Path) -> None:
    bench.run(order=configured(world / "docs"))
    assert bench.run(order=named(world / "docs")).unchanged == 2
    bench.run(order=configured(world / "docs"))
    assert bench.run(order=configured(world / "more")).removed == 0


def test_the_sample_gives_way_to_documents_of_ones_own_and_stays_away(bench: Bench, world: Path) -> None:
    sample = world / "sample"
    assert not bench.run(order=configured(sample, stand_in=sample)).sample_left_out

    report = bench.run(order=named(world / "docs", stand_in=sample))
    assert (report.indexed, report.removed, report.sample_left_out) == (2, 2, True)
    assert bench.sources() == {"docs/1.md", "docs/2.md"}

    report = bench.run(order=configured(sample, stand_in=sample))
    assert (report.indexed, report.removed, report.failures, report.sample_left_out) == (0, 0, (), True)
    assert bench.sources() == {"docs/1.md", "docs/2.md"}

    bench.made().forget([str(world / "docs")])
    assert bench.run(order=configured(sample, stand_in=sample)).indexed == 2


def test_a_named_path_that_cannot_be_read_leaves_the_sample(bench: Bench, world: Path) -> None:
    sample = world / "sample"
    bench.run(order=configured(sample, stand_in=sample))
    report = bench.run(order=named(world / "nowhere", stand_in=sample))
    assert (report.removed, report.sample_left_out) == (0, False)
    assert bench.sources() == {"sample/1.md", "sample/2.md"}


def test_removing_a_root_a_file_of_it_and_what_is_not_there(bench: Bench, world: Path) -> None:
    bench.run(order=named(world / "docs", world / "more"))
    assert bench.made().forget([str(world / "docs" / "1.md")]).removed == 1
    report = bench.made().forget([str(world / "more"), str(world / "nowhere")])
    assert report.removed == 2
    assert report.failures == ((str(world / "nowhere"), "nothing of it is in the index"),)
    assert bench.sources() == {"docs/2.md"}
    assert bench.index().counts() == (1, 1)


def test_what_was_named_follows_to_another_model(bench: Bench, world: Path) -> None:
    bench.run(order=named(world / "docs"))

    report = bench.run(fingerprint="model2", order=configured(world / "more"))

    assert report.indexed == 4
    assert {document.origin for document in bench.index("model2").documents().values()} == set(Origin)
    assert bench.collections() == {bench.collection("model2")}


def test_what_was_removed_does_not_follow_to_another_model(bench: Bench, world: Path) -> None:
    bench.run(order=named(world / "docs"))
    assert bench.made(fingerprint="model2").forget([str(world / "docs")]).failures == ()
    assert bench.run(fingerprint="model2", order=configured(world / "more")).indexed == 2


def test_a_start_beside_other_processes_keeps_the_index_that_they_search(bench: Bench, world: Path) -> None:
    bench.run()
    order = IndexOrder([str(world / "docs")], Origin.CONFIGURED, drop_other_models=False)
    bench.run(fingerprint="model2", order=order)
    assert bench.index("model1").counts() == (2, 2)


@pytest.mark.parametrize("there", [True, False])
def test_the_sample_leaves_before_a_companys_own_documents_are_read(
    bench: Bench, world: Path, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    """Also where they cannot be read. What somebody named stays."""
    sample = world / "sample"
    monkeypatch.setattr("knowledge.index.run.SAMPLE_ROOT", str(sample))
    bench.run(order=configured(sample, stand_in=sample))
    bench.break_after = 0
    with pytest.raises(RuntimeError, match="plug") if there else nullcontext():
        bench.run(order=configured(world / ("docs" if there else "missing")))
    assert bench.sources() == set()

    bench.break_after = None
    bench.run(order=named(sample))
    bench.run(order=configured(world / "docs"))
    assert bench.sources() == {"docs/1.md", "docs/2.md", "sample/1.md", "sample/2.md"}
