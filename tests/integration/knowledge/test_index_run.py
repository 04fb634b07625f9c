"""The index run itself, with real files, a real Chroma and a real manifest, and vectors that cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.errors import ConfigError
from core.domain.knowledge import IndexReport
from knowledge.index.client import Chroma
from tests.integration.knowledge.index_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(f"# {name}\n\n## One\n\nFirst {name}.\n\n## Two\n\nSecond {name}.")
    made = Bench(folder, tmp_path / "chroma")
    yield made
    made.close()


def test_a_first_and_a_second_run(bench: Bench) -> None:
    first = bench.run()
    assert replace(first, sources=()) == IndexReport(indexed=3, unchanged=0, removed=0, chunks=6, seconds=0.0)
    assert len(bench.embedded) == 6
    second = bench.run()
    assert replace(second, sources=()) == IndexReport(indexed=0, unchanged=3, removed=0, chunks=0, seconds=0.0)
    assert bench.embedded == []
    assert bench.index().counts() == (3, 6)


def test_the_run_and_the_index_count_passages_alike_however_many_vectors_lead_to_one(bench: Bench) -> None:
    """An answer of a FAQ is one passage with several vectors: its question with the keywords, and its text."""
    (bench.folder / "faq.yaml").write_text(
        "entries:\n  - question: Do you refund?\n    answer: Within 30 days.\n    keywords: [money back]\n"
    )

    report = bench.run()

    assert len(bench.embedded) == 8
    assert report.chunks == 7
    assert bench.index().counts() == (4, 7)


def test_a_document_of_which_only_a_part_got_in_is_done_again(bench: Bench) -> None:
    bench.break_after = 64
    for number in range(40):
        (bench.folder / f"{number}.md").write_text(f"# t\n\n## One\n\nA {number}.\n\n## Two\n\nB {number}.")
    with pytest.raises(RuntimeError, match="plug"):
        bench.run()
    assert bench.index().counts() == (0, 0), "nobody sees half of a run"
    bench.break_after = None

    report = bench.run()

    assert (report.indexed, report.unchanged) == (11, 32)
    assert len(bench.embedded) == 22
    assert bench.index().counts() == (43, 86)


def test_another_way_of_cutting_reads_again_but_embeds_only_what_is_new(bench: Bench) -> None:
    bench.run()

    report = bench.run(recipe="other")

    assert report.indexed == 3
    assert bench.embedded == []


def test_metadata_follows_without_a_new_vector(bench: Bench) -> None:
    path = bench.folder / "a.md"
    path.write_text("---\ntitle: a\nurl: https://one.example\ncategory: X\n---\n" + path.read_text())
    bench.run()
    path.write_text("---\ntitle: a\n---\n" + path.read_text().split("---\n", 2)[2])

    bench.run()

    assert bench.embedded == []
    [passage] = bench.found("a > One\nFirst a.", limit=1)
    assert (passage.content, passage.url, passage.category) == ("First a.", None, None)
    assert passage.score == pytest.approx(1.0, abs=1e-5)


def test_another_model_gets_an_index_of_its_own_and_the_old_one_goes(bench: Bench) -> None:
    bench.run()

    report = bench.run(fingerprint="model2")

    assert report.indexed == 3
    assert len(bench.embedded) == 6
    assert bench.collections() == {bench.collection("model2")}
    assert bench.index("model1").counts() == (0, 0)


def test_a_run_with_failures_keeps_the_other_models_index(bench: Bench) -> None:
    bench.run()
    (bench.folder / "broken.pdf").write_bytes(b"nothing")

    bench.run(fingerprint="model2")

    assert bench.index("model1").counts() == (3, 6)


def test_the_good_entries_of_a_file_go_in_and_each_bad_one_is_named_by_every_run(bench: Bench) -> None:
    path = bench.folder / "faq.yaml"
    path.write_text("- question: One?\n  answer: First.\n- question: Two?\n- question: Three?\n  answer: 3\n")
    expected = (
        ("docs/faq.yaml", "entry 2 (line 3): 'answer' is missing or empty"),
        ("docs/faq.yaml", "entry 3 (line 4): 'answer' must be text, but is a number; put it in quotation marks"),
    )

    assert bench.run().failures == expected
    assert "docs/faq.yaml" in bench.sources()
    again = bench.run()
    assert (again.failures, again.unchanged) == (expected, 4)
    path.write_text("- question: One?\n  answer: First.\n- question: Two?\n  answer: Second.\n")
    assert bench.run().failures == ()
    path.write_text("question: One?\nanswer: First.\n")
    whole = bench.run()
    assert [source for source, _ in whole.failures] == ["docs/faq.yaml"]
    assert "its last readable version stays" in whole.failures[0][1]


def test_files_over_the_limit_are_refused(bench: Bench) -> None:
    (bench.folder / "large.md").write_text("x" * 2000)

    report = bench.run(max_bytes=1000)

    reason = "the file has 2 kB, more than 1000 bytes, the limit of KNOWLEDGE_MAX_FILE_BYTES: divide it, or raise that"
    assert report.failures == (("docs/large.md", reason),)
    assert report.indexed == 3


def test_the_same_text_twice_is_found_once(bench: Bench) -> None:
    (bench.folder / "twice.md").write_text("# t\n\n## One\n\nSame.\n\n## One\n\nSame.")

    bench.run()

    found = bench.found("t > One\nSame.", limit=3)
    assert [passage.content for passage in found].count("Same.") == 1
    assert bench.index().counts() == (4, 7)


@pytest.mark.parametrize("line", ["Nothing to report.", "[Nothing to report](https://one.example/{number})"])
def test_thousands_of_lines_that_say_the_same_hide_no_other_document(bench: Bench, line: str) -> None:
    """They would fill each list of results."""
    sections = (f"## Day\n\n{line.format(number=number)}\n" for number in range(4_500))
    (bench.folder / "aa.md").write_text("# Log\n\n" + "\n".join(sections))

    bench.run(max_bytes=1_000_000)

    for name in ("a", "b", "c"):
        found = bench.found(f"{name} > One\nFirst {name}.", limit=5)
        assert found[0].content == f"First {name}."


def test_links_of_one_label_are_all_in_the_index(bench: Bench) -> None:
    """They are embedded alike, and read differently."""
    links = "\n\n".join(f"## Files\n\n[Download](https://one.example/{number}.zip)" for number in range(9))
    (bench.folder / "files.md").write_text(f"# Files\n\n{links}")

    bench.run()

    contents = {text.content for text in bench.reader().current.texts()}
    assert {f"[Download](https://one.example/{number}.zip)" for number in range(9)} <= contents


def test_what_a_source_must_not_give_away_leaves_the_index_and_is_named(bench: Bench) -> None:
    outside = bench.folder.parent / "secret.md"
    outside.write_text("Secret.")
    inner = bench.folder / "inner.md"
    inner.write_text("Once a file.")
    bench.run()
    inner.unlink()
    inner.symlink_to(outside)

    report = bench.run()

    assert "docs/inner.md" not in bench.sources()
    assert report.removed == 1
    [(place, why)] = report.failures
    assert place == "docs/inner.md"
    assert "leads out" in why


@pytest.mark.parametrize("url", ["chroma:8000", "ftp://chroma", "http://", "http://chroma:port"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match="CHROMA_URL"):
        Chroma(tmp_path, url)


def test_a_file_of_gigabytes_is_not_even_opened_and_the_others_are_read(bench: Bench) -> None:
    with (bench.folder / "backup.md").open("wb") as huge:
        huge.truncate(2 * 1024**3)
    (bench.folder / "backup.md").chmod(0)

    report = bench.run(max_bytes=100 * 1024**2)

    [(source, reason)] = report.failures
    assert source == "docs/backup.md"
    assert reason.startswith("the file has 2048 MB, more than 100 MB, the limit of KNOWLEDGE_MAX_FILE_BYTES")
    assert (report.indexed, len(bench.embedded)) == (3, 6)
