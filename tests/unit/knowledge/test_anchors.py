"""A citation leads to the heading that the passage stands under."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.chunk.chunker import Chunker
from knowledge.convert.converter import Converter
from knowledge.documents import Chunk, SourceFile
from tests.unit.knowledge.wordpiece import WordPieceCounter


def _chunks(path: Path, url: str | None = "https://help.example.com/a") -> list[Chunk]:
    file = SourceFile("1", path, path.name, str(path), url=url)
    return Chunker(WordPieceCounter(), 100).chunks(Converter().convert(path).described_by(file))


def _places(chunks: list[Chunk]) -> dict[str, str | None]:
    return {chunk.content: chunk.url and chunk.url.partition("#")[2] for chunk in chunks}


def test_markdown_headings_have_githubs_anchors(tmp_path: Path) -> None:
    path = tmp_path / "guide.md"
    path.write_text(
        "# Guide\n\nIntro.\n\n## What's new?\n\nNews.\n\n## `code` & [a link](https://x.example)\n\nCode.\n\n"
        "## Größe\n\nSize.\n\n## Größe\n\nAgain.\n\n## Own {#my-own}\n\nMine.\n\n### Step 1 - Go\n\nStep.\n"
    )

    assert _places(_chunks(path)) == {
        "Intro.": "",
        "News.": "whats-new",
        "Code.": "code--a-link",
        "Size.": "gr%C3%B6%C3%9Fe",
        "Again.": "gr%C3%B6%C3%9Fe-1",
        "Mine.": "my-own",
        "Step.": "step-1---go",
    }
    assert "Own" in {chunk.section for chunk in _chunks(path)}, "what a heading is called by is not part of it"
    assert {chunk.url for chunk in _chunks(path, url=None)} == {None}


def test_html_headings_keep_their_ids(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        '<html lang="de-AT"><head><title>Hilfe</title></head><body><main><h1 id="top">Hilfe</h1><p>Anfang.</p>'
        '<h2 id="refund_s">Refunds<a class="headerlink" href="#refund_s">¶</a></h2><p>Money.</p>'
        '<section id="outer"><h2>Shipping</h2><p>Days.</p><h3>Abroad</h3><p>Weeks.</p></section>'
        '<h2><a name="old style"></a>Old</h2><p>Style.</p><h2>None</h2><p>Nothing.</p></main></body></html>'
    )

    chunks = _chunks(path)

    assert _places(chunks) == {
        "Anfang.": "",
        "Money.": "refund_s",
        "Days.": "outer",
        "Weeks.": "",
        "Style.": "old%20style",
        "Nothing.": "",
    }
    assert {chunk.section for chunk in chunks} == {None, "Refunds", "Shipping", "Shipping > Abroad", "Old", "None"}
    assert {chunk.language for chunk in chunks} == {"de"}


def test_chunks_of_a_section_know_each_other(tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    sentences = " ".join(f"Sentence number {number} says something of its own." for number in range(60))
    path.write_text(f"# Title\n\n## First\n\n{sentences}\n\n## Second\n\nShort.\n")

    numbers = [(chunk.section, chunk.section_number) for chunk in _chunks(path)]

    assert len(numbers) > 3
    assert set(numbers) == {("First", 0), ("Second", 1)}


def test_a_page_of_a_pdf_on_the_web(tmp_path: Path) -> None:
    from reportlab.pdfgen.canvas import Canvas

    path = tmp_path / "terms.pdf"
    canvas = Canvas(str(path))
    for text in ("The first page says this and that.", "The second page says something else."):
        canvas.drawString(72, 700, text)
        canvas.showPage()
    canvas.save()

    chunks = _chunks(path, "https://help.example.com/terms.pdf")

    assert {chunk.url for chunk in chunks} <= {f"https://help.example.com/terms.pdf#page={page}" for page in (1, 2)}


@pytest.mark.parametrize(
    ("head", "language"), [("language: fr", "fr"), ("lang: pt-BR", "pt"), ("language: klingon", None)]
)
def test_front_matter_names_the_language(tmp_path: Path, head: str, language: str | None) -> None:
    path = tmp_path / "guide.md"
    path.write_text(f"---\n{head}\n---\n# Guide\n\nText.\n")

    assert {chunk.language for chunk in _chunks(path)} == {language}


def test_a_heading_that_holds_our_own_marks_is_no_broken_page(tmp_path: Path) -> None:
    path = tmp_path / "odd.html"
    path.write_text("<main><h2>Refunds \ue000abc\ue001</h2><p>Within thirty days.</p></main>", "utf-8")

    assert any("thirty days" in chunk.content for chunk in _chunks(path))
