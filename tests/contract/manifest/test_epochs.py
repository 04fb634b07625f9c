"""Readers see whole epochs: before and after a run, and never what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import Engine, event

from core.domain.knowledge import KnowledgeAudience
from knowledge.index.generations import compact
from knowledge.index.snapshot import EpochGone, Snapshot
from knowledge.index.vectors import Vectors
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.manifest.conftest import OpenDatabase
from tests.integration.knowledge.index_bench import Bench


def contents(snapshot: Any) -> list[str]:
    return [text.content for text in snapshot.texts()]


@BOTH_DATABASES
def test_a_reader_of_an_epoch_reads_it_while_the_next_is_written_and_after(bench: Bench) -> None:
    bench.run()
    reader = bench.reader()
    old = reader.current
    (bench.folder / "a.md").write_text("# a\n\nAnother a.")
    (bench.folder / "b.md").unlink()
    bench.run()

    assert contents(old) == contents(reader.current)
    assert sorted(contents(old)) == [f"{place} {name}." for place in ("First", "Second") for name in "abc"]
    assert reader.refresh()
    assert sorted(contents(reader.current)) == ["Another a.", "First c.", "Second c."]
    assert min(contents(old)) == "First a."
    assert not reader.refresh()


def test_what_a_run_has_written_is_not_seen_before_its_end(bench: Bench) -> None:
    bench.run()
    reader = bench.reader()
    before = contents(reader.current)
    for number in range(70):
        (bench.folder / f"{number}.md").write_text(f"Number {number}.")
    bench.break_after = 40
    with pytest.raises(RuntimeError, match="plug"):
        bench.run()

    assert not reader.refresh()
    assert contents(bench.reader().current) == before
    bench.break_after = None
    report = bench.run()
    assert (report.indexed, report.unchanged) == (70 - 64, 3 + 64)
    assert reader.refresh()
    assert len(contents(reader.current)) == len(before) + 70


def test_an_index_that_is_filled_for_the_first_time_answers_before_the_end(bench: Bench) -> None:
    for number in range(200):
        (bench.folder / f"{number}.md").write_text(f"Number {number}.")
    seen: list[int] = []
    reader = bench.reader()

    def committed() -> None:
        reader.refresh()
        seen.append(len(reader.current.rows))

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        bench.seconds += 2.0
        return Bench.embed(bench, texts)

    bench.committed = committed
    run = bench.made()
    run._embed = embed
    from knowledge.index.order import IndexOrder

    run.run(IndexOrder([str(bench.folder)]), lambda progress: None)

    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert 0 < seen[0] < 206
    assert seen[-1] == 206


def test_a_reader_that_lags_too_far_behind_is_told(bench: Bench) -> None:
    bench.run()
    old = bench.reader().current
    for number in range(4):
        (bench.folder / "a.md").write_text(f"# a\n\nVersion {number}.")
        bench.run()

    with pytest.raises(EpochGone):
        old.passages(range(len(old.rows)))
    with pytest.raises(EpochGone):
        contents(old)


def test_equal_texts_of_several_documents_share_one_vector(bench: Bench) -> None:
    for name in ("x", "y", "z"):
        (bench.folder / f"{name}.md").write_text("# Notice\n\nClosed on Sundays.")
    bench.run()

    snapshot = bench.reader().current
    assert len(snapshot.rows) == 9
    assert len(snapshot.arrays.vectors) == 7
    assert bench.embedded.count("Notice\nClosed on Sundays.") == 1
    (bench.folder / "x.md").unlink()
    bench.run()
    found = bench.found("Notice\nClosed on Sundays.", 1)[0]
    assert {found.source, *found.also} == {"docs/y.md", "docs/z.md"}


def test_a_section_is_returned_with_its_passage(bench: Bench) -> None:
    lines = " ".join(f"Sentence {number} says something about the number {number}." for number in range(30))
    (bench.folder / "long.md").write_text(f"# Long\n\n## Part\n\n{lines}\n\n## Other\n\nNothing more.")
    bench.run()

    snapshot = bench.reader().current
    rows = [row for row, text in enumerate(snapshot.texts()) if text.section == "Part"]
    assert len(rows) > 2
    before, middle, after = snapshot.passages(rows[:3])
    assert middle.parent is not None
    for each in (before, middle, after):
        assert each.content in middle.parent
    assert "Nothing more" not in middle.parent


@BOTH_DATABASES
def test_a_section_holds_nothing_that_only_staff_may_read(bench: Bench) -> None:
    """No file is partly for staff in one section today; whoever brings one finds this here."""
    lines = " ".join(f"Sentence {number} says something about the number {number}." for number in range(30))
    (bench.folder / "long.md").write_text(f"# Long\n\n## Part\n\n{lines}")
    bench.run()
    [identity] = [name for name, one in bench.index().documents().items() if one.source == "docs/long.md"]
    whole = bench.reader().current
    rows = [row for row, text in enumerate(whole.texts()) if text.section == "Part"]
    contents_of = [passage.content for passage in whole.passages(rows)]
    assert bench.index().manifest.close([identity], spared=[contents_of[0], contents_of[2]]) == {identity}

    snapshot = bench.reader().current
    rows = [row for row, text in enumerate(snapshot.texts()) if text.section == "Part"]
    for passage in snapshot.passages(rows):
        if passage.audience is KnowledgeAudience.PUBLIC:
            assert passage.content in (contents_of[0], contents_of[2])
            assert contents_of[1] not in (passage.parent or "")
        else:
            assert contents_of[0] not in (passage.parent or passage.content)


def test_of_a_table_of_thousands_of_rows_a_few_are_looked_at(bench: Bench) -> None:
    rows = "\n".join(f"{number};Article {number};{number * 3} EUR" for number in range(3000))
    (bench.folder / "prices.csv").write_text(f"number;name;price\n{rows}\n")
    bench.run(max_bytes=1_000_000)
    snapshot = bench.reader().current
    middle = len(snapshot.rows) // 2
    asked = 0

    class Counted(Snapshot):
        def _together(self, one: int, other: int) -> bool:
            nonlocal asked
            asked += 1
            return bool(Snapshot._together(self, one, other))

    snapshot = Counted(**{each.name: getattr(snapshot, each.name) for each in fields(snapshot)})
    [passage] = snapshot.passages([middle])

    assert passage.parent is not None
    assert len(snapshot.rows) > 300
    assert asked <= 16


@BOTH_DATABASES
def test_two_writers_at_once_leave_every_document_whole(bench: Bench, open_manifest: OpenDatabase) -> None:
    """As where a command indexes beside a hub that shares its databases."""
    other = Bench(bench.folder, bench.directory, bench.client, open_manifest())
    embed = bench.embed
    done: list[int] = []

    def embed_while_another_runs(texts: Sequence[str]) -> NDArray[np.float32]:
        if not done:
            done.append(other.run().indexed)
        return embed(texts)

    bench.embed = embed_while_another_runs  # type: ignore[method-assign]
    bench.run()

    assert done == [3]
    assert sorted(contents(bench.reader().current)) == sorted(contents(other.reader().current))
    assert len(contents(bench.reader().current)) == 6
    assert bench.index().counts() == (3, 6)


def test_dead_vectors_are_left_behind_in_an_old_generation(bench: Bench) -> None:
    bench.run()
    reader = bench.reader()
    before = reader.current
    for name in ("a", "b"):
        (bench.folder / f"{name}.md").write_text(f"# {name}\n\nOther {name}.")
    bench.run()
    manifest = bench.index().manifest
    first = manifest.pointer().generation
    assert bench.vectors().count() == 8
    assert compact(bench.client, manifest, few=2)

    assert manifest.pointer().generation != first
    assert bench.vectors().count() == 4
    assert reader.refresh()
    assert reader.lost == 0
    fresh = bench.reader().current
    assert np.array_equal(fresh.arrays.vectors, reader.current.arrays.vectors)
    assert len(before.arrays.vectors) == 6
    bench.run()
    (bench.folder / "c.md").write_text("# c\n\nOther c.")
    bench.run()
    assert bench.collections() == {bench.collection()}, "the next run that changes something removes it"


@BOTH_DATABASES
def test_a_run_over_which_the_vectors_moved_stores_them_again(bench: Bench) -> None:
    bench.run()
    (bench.folder / "a.md").write_text("# a\n\nOther a.")
    (bench.folder / "b.md").unlink()
    embed = bench.embed
    moved: list[bool] = []

    def embed_while_vectors_move(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = embed(texts)
        if not moved:
            manifest = bench.index().manifest
            manifest.remove(
                [name for name in manifest.documents() if manifest.documents()[name].source.endswith("c.md")]
            )
            moved.append(compact(bench.client, manifest, few=0))
        return vectors

    bench.embed = embed_while_vectors_move  # type: ignore[method-assign]
    bench.run()

    assert moved
    assert bench.found("a\nOther a.", 1)[0].score == pytest.approx(1.0, abs=1e-5)
    assert bench.reader().lost == 0


def test_lost_vectors_are_made_again_by_the_next_run(bench: Bench) -> None:
    bench.run()
    bench.client.remove(bench.collection())
    reader = bench.reader()
    assert (reader.lost, bench.found("a > One\nFirst a.")) == (6, [])

    assert bench.run().indexed == 3
    assert len(bench.embedded) == 6
    assert reader.refresh()
    assert reader.lost == 0
    assert bench.run().indexed == 0


@BOTH_DATABASES
def test_dead_vectors_do_not_stand_for_lost_ones(bench: Bench) -> None:
    bench.run()
    (bench.folder / "a.md").unlink()
    bench.run()
    lost = bench.index().manifest.live_keys()[:1]
    bench.client._client.get_collection(bench.collection(), embedding_function=None).delete(
        ids=[f"{int(lost[0]):016x}"]
    )
    assert bench.reader().lost == 1

    assert bench.run().indexed == 1
    assert bench.reader().lost == 0


def test_a_run_without_changes_writes_nothing(bench: Bench) -> None:
    for number in range(300):
        (bench.folder / f"{number}.md").write_text(f"# {number}\n\nNumber {number}.")
    bench.run()
    written: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.split(maxsplit=1)[0] not in ("SELECT", "BEGIN"):
            written.append(statement)

    puts = Vectors.put
    event.listen(Engine, "before_cursor_execute", look)
    Vectors.put = lambda *_: written.append("vectors")  # type: ignore[method-assign,assign]
    try:
        report = bench.run()
    finally:
        event.remove(Engine, "before_cursor_execute", look)
        Vectors.put = puts  # type: ignore[method-assign]

    assert (report.indexed, report.unchanged) == (0, 303)
    assert bench.embedded == []
    assert written == []
