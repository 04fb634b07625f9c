"""What is closed is not found from that moment on, also by whoever still holds an epoch in which it was open."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.index.reader import Reader
from knowledge.index.snapshot import Snapshot
from knowledge.search.corpus import Corpus, Filters
from knowledge.search.engine import search
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.manifest.conftest import OpenDatabase
from tests.integration.knowledge.index_bench import Bench, vector

STAFF, PUBLIC = KnowledgeAudience.STAFF, KnowledgeAudience.PUBLIC


def found(corpus: Corpus, audience: KnowledgeAudience = PUBLIC) -> list[Passage]:
    return search(corpus, None, "anything", vector("anything"), Filters(audience), 100)


def sources(passages: list[Passage]) -> set[str]:
    return {source.rpartition("/")[2] for one in passages for source in (one.source, *one.also)}


def named(bench: Bench, name: str) -> list[str]:
    return [key for key, one in bench.index().documents().items() if one.source.endswith(name)]


@BOTH_DATABASES
def test_while_the_next_epoch_is_made_ready(bench: Bench, open_manifest: OpenDatabase) -> None:
    """The words of a large base take seconds, and bounds that are measured anew more."""
    bench.run()
    begun, go_on = threading.Event(), threading.Event()
    go_on.set()

    def prepare(snapshot: Snapshot) -> Snapshot:
        begun.set()
        assert go_on.wait(60)
        return snapshot

    other = Bench(bench.folder, bench.directory, bench.client, open_manifest())
    reader: Reader[Snapshot] = Reader(other.client, other.index().manifest, prepare)
    begun.clear()
    go_on.clear()
    bench.index().close(named(bench, "a.md"))
    taking = threading.Thread(target=reader.refresh)
    taking.start()
    try:
        assert begun.wait(60)
        assert sources(found(reader.current)) == {"b.md", "c.md"}
        assert sources(found(reader.current, STAFF)) == {"a.md", "b.md", "c.md"}, "staff find it as before"
        assert {one.audience for one in found(reader.current, STAFF) if one.source.endswith("a.md")} == {STAFF}
    finally:
        go_on.set()
        taking.join(60)
    assert sources(found(reader.current)) == {"b.md", "c.md"}


def rewritten(bench: Bench) -> None:
    """Its next version is another one, for staff as well."""
    (bench.folder / "a.md").write_text("---\naudience: staff\n---\n# a\n\nSomething else.")
    bench.run()


def taken_out(bench: Bench) -> None:
    (bench.folder / "a.md").unlink()
    bench.run()


@pytest.mark.parametrize("then", [rewritten, taken_out])
def test_whatever_becomes_of_it_afterwards(bench: Bench, then: Callable[[Bench], None]) -> None:
    bench.run()
    reader = bench.reader()
    bench.index().close(named(bench, "a.md"))

    then(bench)

    assert bench.index().manifest.pointer().epoch > reader.epoch + 1
    assert sources(found(reader.current)) == {"b.md", "c.md"}


def test_what_was_only_changed_or_taken_out_is_still_returned_from_an_old_epoch(bench: Bench) -> None:
    bench.run()
    reader = bench.reader()
    (bench.folder / "a.md").unlink()
    (bench.folder / "b.md").write_text("# b\n\nAnother one.")

    bench.run()

    assert sources(found(reader.current)) == {"a.md", "b.md", "c.md"}
    assert sources(found(bench.reader().current)) == {"b.md", "c.md"}


@BOTH_DATABASES
def test_what_says_the_same_elsewhere_is_found_and_names_only_what_is_open(bench: Bench) -> None:
    for name in ("a", "b"):
        (bench.folder / f"{name}.md").write_text("# Notice\n\nClosed on Sundays.")
    bench.run()
    reader = bench.reader()
    assert sources(found(reader.current)) == {"a.md", "b.md", "c.md"}

    bench.index().close(named(bench, "a.md"))

    notice = [one for one in found(reader.current) if "Sundays" in one.content]
    assert sources(notice) == {"b.md"}


def test_a_section_holds_no_neighbour_that_was_closed(bench: Bench) -> None:
    lines = " ".join(f"Sentence {number} says something about the number {number}." for number in range(30))
    (bench.folder / "long.md").write_text(f"# Long\n\n## Part\n\n{lines}")
    bench.run()
    corpus = bench.reader().current
    rows = [row for row, text in enumerate(corpus.texts()) if text.section == "Part"]
    assert len(rows) > 2
    contents = [passage.content for passage in corpus.passages(rows)]
    [identity] = named(bench, "long.md")

    bench.index().manifest.close([identity], spared=[contents[0], contents[-1]])

    for row, content, passage in zip(rows, contents, corpus.passages(rows), strict=True):
        if content in (contents[0], contents[-1]):
            assert passage.audience is PUBLIC
            assert not any(closed in (passage.parent or "") for closed in contents[1:-1])
        else:
            assert passage.audience is STAFF, row
            assert contents[0] not in (passage.parent or "")
