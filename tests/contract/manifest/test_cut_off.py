"""A run that was cut off is finished by the next one over the same sources, and undone by any other: no half is ever seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.knowledge import IndexReport, KnowledgeAudience
from knowledge.index.order import IndexOrder, Origin
from knowledge.sources import Catalog, SourceOptions
from tests.contract.conftest import BOTH_DATABASES
from tests.integration.knowledge.index_bench import Bench

DOCUMENTS = 60


def write(folder: Path, version: int) -> None:
    """Every document changes; the first ten go with the second version, ten others come."""
    folder.mkdir(exist_ok=True)
    for number in range(DOCUMENTS + 10):
        path = folder / f"{number}.md"
        if number < 10 if version > 1 else number >= DOCUMENTS:
            path.unlink(missing_ok=True)
        else:
            path.write_text(f"# Document {number}\n\nFact {number} of version {version}.")


def versions(bench: Bench) -> set[str]:
    """Of what a reader that begins now sees."""
    words = [text.content for text in bench.reader().current.texts() if "version" in text.content]
    return {word.rpartition(" ")[2] for word in words}


@pytest.fixture
def cut(bench: Bench, tmp_path: Path) -> Path:
    """A folder that was indexed, and of whose second version a run wrote more than half."""
    folder = tmp_path / "many"
    write(folder, 1)
    bench.run(order=IndexOrder([str(folder)]))
    write(folder, 2)
    bench.break_after = 20
    with pytest.raises(RuntimeError, match="plug"):
        bench.run(order=IndexOrder([str(folder)]))
    bench.break_after = None
    return folder


@pytest.mark.parametrize("what", ["another folder", "a start", "forget", "staff"])
def test_what_runs_next_shows_no_half_of_it(bench: Bench, cut: Path, what: str) -> None:
    assert versions(bench) == {"1."}

    report: IndexReport | None = None
    if what == "forget":
        bench.made().forget([str(bench.folder)])
    elif what == "staff":
        bench.catalog = Catalog((SourceOptions(str(cut / "11.md"), audience=KnowledgeAudience.STAFF),))
        bench.break_after = 0
        with pytest.raises(RuntimeError, match="plug"):
            bench.run(order=IndexOrder([str(cut)]))
        bench.break_after = None
    else:
        origin = Origin.CONFIGURED if what == "a start" else Origin.NAMED
        report = bench.run(order=IndexOrder([str(bench.folder)], origin))

    assert versions(bench) == {"1."}
    assert report is None or report.indexed == 3
    seen = {text.content for text in bench.reader().current.texts() if "version" in text.content}
    assert len(seen) == DOCUMENTS
    counted = bench.index().counts()
    assert counted[1] == len(bench.reader().current.rows)

    again = bench.run(order=IndexOrder([str(cut)], confirm_deletions=True))
    assert versions(bench) == {"2."}
    assert again.removed == 10
    assert bench.index().counts()[1] == len(bench.reader().current.rows)


def test_the_same_run_goes_on_where_it_was(bench: Bench, cut: Path) -> None:
    report = bench.run(order=IndexOrder([str(cut)]))

    assert report.unchanged > 0
    assert report.indexed + report.unchanged == DOCUMENTS
    assert versions(bench) == {"2."}


@BOTH_DATABASES
def test_deletions_that_were_not_shown_are_undone(bench: Bench, tmp_path: Path) -> None:
    bench.run()
    manifest = bench.index().manifest
    manifest.remove(list(manifest.documents()))
    assert manifest.documents() == {}
    other = tmp_path / "other.md"
    other.write_text("# Other\n\nOther.")

    bench.run(order=IndexOrder([str(other)]))

    assert bench.sources() == {"docs/a.md", "docs/b.md", "docs/c.md", "other.md"}
    assert len(bench.reader().current.rows) == 7
    assert bench.run().indexed == 3, "each is looked at again"


def test_a_source_that_could_not_be_read_afterwards_is_shown_as_it_was(bench: Bench, cut: Path, tmp_path: Path) -> None:
    cut.rename(tmp_path / "unmounted")

    bench.run(order=IndexOrder([str(cut), str(bench.folder)]))

    assert versions(bench) == {"1."}
