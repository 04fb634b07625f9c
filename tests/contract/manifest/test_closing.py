"""What is made staff-only is not found by customers from then on, whatever goes wrong on the way."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from core.domain.knowledge import IndexReport, KnowledgeAudience
from knowledge.index.closing import close_now
from knowledge.index.order import IndexOrder, Origin
from knowledge.sources import Catalog, SourceOptions
from tests.contract.conftest import BOTH_DATABASES
from tests.integration.knowledge.index_bench import Bench

STAFF = KnowledgeAudience.STAFF


def run(bench: Bench, *described: SourceOptions, named: list[str] | None = None) -> IndexReport:
    bench.catalog = Catalog(described)
    roots = [one.root for one in described] if named is None else named
    return bench.run(order=IndexOrder(roots, Origin.CONFIGURED if named is None else Origin.NAMED))


def seen(bench: Bench, audience: KnowledgeAudience = KnowledgeAudience.PUBLIC) -> set[str]:
    """The sources that are found."""
    return {passage.source.rpartition("/")[2] for passage in bench.found("anything", 100, audience)}


@pytest.fixture
def docs(bench: Bench) -> SourceOptions:
    """Three documents for customers, indexed."""
    run(bench, options := SourceOptions(str(bench.folder)))
    assert seen(bench) == {"a.md", "b.md", "c.md"}
    return options


@pytest.mark.parametrize("wrong", ["unreadable", "unmounted", "another run", "crash"])
def test_a_source_that_is_for_staff_now(bench: Bench, docs: SourceOptions, tmp_path: Path, wrong: str) -> None:
    named = None
    before = {file.name: file.read_text() for file in bench.folder.iterdir()}
    if wrong == "unreadable":
        for file in bench.folder.iterdir():
            file.write_bytes(b"\0")
    elif wrong == "unmounted":
        bench.folder.rename(tmp_path / "away")
    elif wrong == "another run":
        (tmp_path / "x.md").write_text("x")
        named = [str(tmp_path / "x.md")]
    else:
        (bench.folder / "a.md").write_text("New.")
        bench.break_after = 0

    if wrong == "crash":
        with pytest.raises(RuntimeError):
            run(bench, SourceOptions(docs.address, audience=STAFF))
    else:
        run(bench, SourceOptions(docs.address, audience=STAFF), named=named)

    assert seen(bench) - {"x.md"} == set()
    assert seen(bench, STAFF) >= {"a.md", "b.md", "c.md"}, "staff find the last version"

    bench.break_after = None
    if wrong == "unmounted":
        (tmp_path / "away").rename(bench.folder)
    for name, text in before.items():
        (bench.folder / name).write_text(text)
    run(bench, docs)
    assert seen(bench) >= {"a.md", "b.md", "c.md"}, "and what is for customers again is found again"


def test_a_source_that_is_for_staff_now_waits_for_no_run_to_be_closed(bench: Bench, docs: SourceOptions) -> None:
    """Another process may be in the middle of one."""
    (bench.folder / "a.md").write_text("New.")
    bench.break_after = 0
    with pytest.raises(RuntimeError):
        run(bench, docs)
    catalog = Catalog((SourceOptions(docs.address, audience=STAFF),))

    closed = close_now(bench.index(), [docs.root], catalog, bench.now)

    assert len(closed) == 3
    assert seen(bench) == set()
    assert seen(bench, STAFF) == {"a.md", "b.md", "c.md"}
    assert close_now(bench.index(), [docs.root], catalog, bench.now) == set()
    assert close_now(bench.index(), [docs.root], Catalog((docs,)), bench.now) == set(), (
        "what is for customers again is for a run"
    )


def test_a_folder_that_is_for_staff_now_and_gone(bench: Bench, tmp_path: Path) -> None:
    """Only the place that the index noted says where its documents lay."""
    inner = bench.folder / "internal"
    inner.mkdir()
    for number in range(9):
        (inner / f"{number}.md").write_text(f"Number {number}.")
    for file in bench.folder.glob("*.md"):
        file.unlink()
    run(bench, docs := SourceOptions(str(bench.folder)))
    assert len(seen(bench)) == 9
    inner.rename(tmp_path / "away")
    (bench.folder / "d.md").write_text("Here.")

    report = run(bench, docs, SourceOptions(str(inner), audience=STAFF))

    assert "9 of its 9 documents are gone" in str(report.failures)
    assert seen(bench) == {"d.md"}


@pytest.mark.parametrize("renamed", [False, True])
def test_what_was_moved_to_staff(bench: Bench, tmp_path: Path, renamed: bool) -> None:
    """The guard that keeps what vanished keeps it for staff."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "z.md").write_text("Z.")
    for number in range(9):
        (bench.folder / f"{number}.md").write_text(f"Number {number}.")
    docs, staff = SourceOptions(str(bench.folder)), SourceOptions(str(closed), audience=STAFF)
    run(bench, docs, staff)
    assert len(seen(bench)) == 12
    for number in range(9):
        (bench.folder / f"{number}.md").rename(closed / f"{'new' if renamed else ''}{number}.md")

    report = run(bench, docs, staff)

    assert "9 of its 12 documents are gone" in str(report.failures)
    assert seen(bench) == {"a.md", "b.md", "c.md"}


@pytest.mark.parametrize("head", ["audience: internal", "audience: staff\ntitle: [", 'Audience: "staff'])
def test_a_head_that_cannot_be_read(bench: Bench, docs: SourceOptions, head: str) -> None:
    before = (bench.folder / "a.md").read_text()
    (bench.folder / "a.md").write_text(f"---\n{head}\n---\nThe margin is forty percent.")

    [(_, reason)] = run(bench, docs).failures

    assert reason.endswith("(its last readable version stays in the index, for staff alone)")
    assert seen(bench) == {"b.md", "c.md"}
    assert run(bench, docs).failures
    assert seen(bench) == {"b.md", "c.md"}, "and stays so"
    (bench.folder / "a.md").write_text(before)
    run(bench, docs)
    assert seen(bench) == {"a.md", "b.md", "c.md"}


@BOTH_DATABASES
def test_a_document_that_cannot_be_read_otherwise_stays(bench: Bench, docs: SourceOptions) -> None:
    (bench.folder / "a.md").write_bytes(b"\0")

    report = run(bench, docs)

    assert report.failures[0][1].endswith("(its last readable version stays in the index)")
    assert seen(bench) == {"a.md", "b.md", "c.md"}


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("kind", ["head", "entry"])
def test_what_a_file_keeps_for_staff_itself_is_closed_when_it_was_read(bench: Bench, kind: str, ends: bool) -> None:
    """And not when the run is over: the others may take hours, or the embedding server may be away until tomorrow."""
    faq = "- question: Margin?\n  answer: Forty percent.\n{}- question: Open?\n  answer: From nine.\n"
    path = bench.folder / ("0.md" if kind == "head" else "0.yaml")
    path.write_text("# Margin\n\nForty percent." if kind == "head" else faq.format(""))
    if kind == "entry":
        path = path.rename(bench.folder / "0-faq.yaml")
    run(bench, docs := SourceOptions(str(bench.folder)))
    text = path.read_text()
    path.write_text(f"---\naudience: staff\n---\n{text}" if kind == "head" else faq.format("  audience: staff\n"))
    for number in range(100):
        (bench.folder / f"{number + 1}.md").write_text(f"# New\n\nNumber {number}.")
    told: list[set[str]] = []
    bench.committed = lambda: told.append({passage.content for passage in bench.found("anything", 200)})
    bench.break_after = None if ends else 20

    if ends:
        run(bench, docs)
    else:
        with pytest.raises(RuntimeError, match="plug"):
            run(bench, docs)

    public = {passage.content for passage in bench.found("anything", 200)}
    for seen in (told[0], public):
        assert not any("Forty percent" in content for content in seen)
        assert kind == "head" or any("From nine" in content for content in seen), "the rest of the file stays public"
    assert not any("Number" in content for content in told[0]), "and nothing else of the run is shown"
    assert any("Number" in content for content in public) is ends
    assert any("Forty percent" in passage.content for passage in bench.found("anything", 200, STAFF))


@BOTH_DATABASES
def test_what_was_for_staff_before_closes_nothing(bench: Bench) -> None:
    faq = "- question: Margin?\n  answer: Forty percent.\n  audience: staff\n- question: Open?\n  answer: From {}.\n"
    (bench.folder / "faq.yaml").write_text(faq.format("nine"))
    run(bench, docs := SourceOptions(str(bench.folder)))
    epochs: list[int] = []
    bench.committed = lambda: epochs.append(bench.index().manifest.pointer().epoch)
    (bench.folder / "faq.yaml").write_text(faq.format("ten"))

    run(bench, docs)

    assert len(set(epochs)) == 1


def test_nothing_is_written_where_nothing_is_to_be_closed(bench: Bench, docs: SourceOptions) -> None:
    run(bench, SourceOptions(docs.address, audience=STAFF))
    epoch = bench.index().manifest.pointer().epoch
    report = run(bench, SourceOptions(docs.address, audience=STAFF))
    assert (report.unchanged, bench.index().manifest.pointer().epoch) == (3, epoch)


@BOTH_DATABASES
def test_no_password_in_what_is_refused(bench: Bench) -> None:
    report = bench.made().forget(["https://ghp_0123456789@github.com/acme/docs.git"])
    assert report.failures == (("https://github.com/acme/docs.git", "nothing of it is in the index"),)


@pytest.mark.parametrize(
    "text", ["# a\n\nFirst a.\n\n---\naudience: staff\n---\n\nSecond a.", "---\nmeta: {audience: staff}\n---\nFirst a."]
)
def test_a_document_that_says_it_where_nobody_hears_it_is_closed_and_told_of(
    bench: Bench, docs: SourceOptions, text: str
) -> None:
    (bench.folder / "a.md").write_text(text)
    report = run(bench, docs)
    [(source, reason)] = report.failures
    assert source.endswith("a.md")
    assert "'audience'" in reason
    assert "for staff alone" in reason
    assert seen(bench) == {"b.md", "c.md"}


def test_a_packed_document_that_says_it_in_its_text_is_closed(bench: Bench, docs: SourceOptions) -> None:
    """Its bytes say nothing of an audience to whoever does not unpack them."""
    path = bench.folder / "d.xlsx"
    for rows in (["Fourth d."], ["Fourth d.", "Audience: staff"]):
        made = openpyxl.Workbook()
        for row in rows:
            made.active.append([row, "x"])
        made.save(path)
        report = run(bench, docs)
        assert ("d.xlsx" in seen(bench)) == (len(rows) == 1), report
    assert b"udience" not in path.read_bytes()
