"""Each kind of file becomes blocks with headings, tables and pages; what cannot be read says why."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from pptx import Presentation
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Table

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.converter import Converter
from knowledge.documents import Block, BlockKind, Document, UnreadableDocument

H, T, TABLE = BlockKind.HEADING, BlockKind.TEXT, BlockKind.TABLE


@pytest.fixture(scope="module")
def converter() -> Converter:
    return Converter()


def shape(document: Document) -> list[tuple[BlockKind, int, int | None, str]]:
    return [(block.kind, block.level, block.page, block.text) for block in document.blocks]


def test_pdf_keeps_headings_tables_and_pages(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "guide.pdf"
    styles = getSampleStyleSheet()
    grid = Table([["Plan", "Price"], ["Team", "$9"]], style=[("GRID", (0, 0), (-1, -1), 1, "black")])
    story = [
        Paragraph("The Guide", styles["Title"]),
        Paragraph("Welcome to the guide, which explains everything there is to say.", styles["BodyText"]),
        PageBreak(),
        Paragraph("Prices", styles["Heading2"]),
        Paragraph("Here are the prices for all of our plans, with taxes left out.", styles["BodyText"]),
        grid,
        Paragraph("Prices change in May, and we write to you before they do.", styles["BodyText"]),
    ]
    SimpleDocTemplate(str(path), pagesize=A4, title="Guide for 2026").build(story)

    document = converter.convert(path)

    assert document.title == "Guide for 2026"
    assert shape(document) == [
        (H, 1, 1, "The Guide"),
        (T, 0, 1, "Welcome to the guide, which explains everything there is to say."),
        (H, 2, 2, "Prices"),
        (T, 0, 2, "Here are the prices for all of our plans, with taxes left out."),
        (TABLE, 0, 2, "| Plan | Price |\n| --- | --- |\n| Team | $9 |"),
        (T, 0, 2, "Prices change in May, and we write to you before they do."),
    ]


def test_pdf_footers_and_page_numbers_are_left_out_and_split_paragraphs_joined(
    converter: Converter, tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    for number, text in enumerate(["It begins here and", "goes on over there", "until it ends."], start=1):
        canvas.drawString(72, 700, text)
        canvas.drawString(72, 40, "Confidential")
        canvas.drawString(300, 40, f"Page {number} of 3")
        canvas.showPage()
    canvas.save()

    assert shape(converter.convert(path)) == [(T, 0, 1, "It begins here and\ngoes on over there\nuntil it ends.")]


def test_pdf_table_without_lines_is_read_row_by_row(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "stock.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    rows = [("Product", "Place", "Count", "Status"), ("SKU-1", "A-12", "450", "OK"), ("SKU-2", "B-07", "289", "LOW")]
    rows += [(f"SKU-{number}", f"C-{number}", str(number * 11), "OK") for number in range(3, 9)]
    for line, row in enumerate(rows):
        for column, text in enumerate(row):
            canvas.drawString(72 + column * 110, 700 - line * 22, text)
    canvas.save()

    document = converter.convert(path)

    rows_found = [line for block in document.blocks for line in block.text.splitlines()]
    assert any(
        line.split("|")[1:5] and [c.strip() for c in line.split("|")[1:5]] == list(rows[2]) for line in rows_found
    )
    assert {block.page for block in document.blocks} == {1}


def test_docx(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "policy.docx"
    document = docx.Document()
    document.core_properties.title = "Refund policy"
    document.add_heading("Refunds", level=1)
    document.add_paragraph("Within 30 days.")
    table = document.add_table(rows=2, cols=2)
    for cell, text in zip((cell for row in table.rows for cell in row.cells), "abcd", strict=True):
        cell.text = text
    document.save(str(path))

    converted = converter.convert(path)

    assert converted.title == "Refund policy"
    assert [(block.kind, block.text) for block in converted.blocks[:2]] == [(H, "Refunds"), (T, "Within 30 days.")]
    assert converted.blocks[2].kind is TABLE


def test_xlsx_without_nan_and_with_sheet_names(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "plans.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Plans"
    sheet.append(["Plan", "Price"])
    sheet.append(["Team", None])
    book.save(path)

    document = converter.convert(path)

    assert document.title == "Plans"
    assert [block.text for block in document.blocks] == ["Plans", "| Plan | Price |\n| --- | --- |\n| Team |  |"]


def test_pptx(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "talk.pptx"
    slides = Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[0])
    slide.shapes.title.text = "Our plans"
    slides.save(str(path))

    assert Block(H, "Our plans", level=1, page=1) in converter.convert(path).blocks


def test_html_keeps_the_main_part_and_runs_nothing(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(
        "<title>Help &amp; more</title><link rel=canonical href='https://x.example/a'>"
        "<nav>Menu</nav><main><h1>Help</h1><script>alert(1)</script><p hidden>secret</p>"
        "<p onclick='evil()'>Écrivez-nous <a href='javascript:evil()'>ici</a>.</p></main><footer>Imprint</footer>",
        encoding="utf-8",
    )

    document = converter.convert(path)

    assert (document.title, document.url) == ("Help & more", "https://x.example/a")
    assert shape(document) == [(H, 1, None, "Help"), (T, 0, None, "Écrivez-nous ici.")]


def test_html_without_main_loses_its_frame_only(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "old.htm"
    path.write_text(
        "<body><header>Top</header><p>One</p><article><header>Two</header></article><aside>Ad</aside></body>"
    )

    assert "".join(block.text for block in converter.convert(path).blocks).split() == ["One", "Two"] or [
        block.text for block in converter.convert(path).blocks
    ] == ["Two"]


def test_markdown_with_front_matter(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text(
        "---\ntitle: Inner notes\naudience: staff\ncategory: Ops\n---\n# Other\n\nText", encoding="utf-8-sig"
    )

    document = converter.convert(path)

    assert (document.title, document.category, document.audience) == ("Inner notes", "Ops", KnowledgeAudience.STAFF)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-8-sig"])
def test_plain_text_in_other_encodings(converter: Converter, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "opening_hours.txt"
    text = "Öffnungszeiten: Montag bis Freitag von acht bis achtzehn Uhr, außer an Feiertagen in Zürich.\n" * 3
    path.write_bytes(text.encode(encoding))

    document = converter.convert(path)

    assert (document.title, document.blocks[0].text) == ("Opening hours", text.strip())


def test_csv_is_a_table(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_text("Plan,Price\nTeam,9\n")

    assert [block.kind for block in converter.convert(path).blocks] == [TABLE]


def test_json_that_is_no_faq_is_text(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text('{"plan": "Team"}')

    assert converter.convert(path).blocks[0].text == '{"plan": "Team"}'


def write_encrypted(path: Path) -> None:
    canvas = Canvas(str(path), encrypt=StandardEncryption("secret", strength=128))
    canvas.drawString(72, 700, "hidden")
    canvas.save()


def write_scan(path: Path) -> None:
    canvas = Canvas(str(path))
    canvas.rect(100, 100, 200, 200, fill=1)
    canvas.save()


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "text")


def write_bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "write", "reason"),
    [
        ("secret.pdf", write_encrypted, "the PDF is protected by a password"),
        ("scan.pdf", write_scan, "scanned pages need text recognition"),
        ("broken.pdf", write_bytes(b"%PDF-1.7 nothing more"), "not a PDF that can be read"),
        ("broken.docx", write_bytes(b"PK\x03\x04 nothing more"), "not a .docx file that can be read"),
        ("archive.zip", write_zip, "archives hold no text"),
        ("archive.xlsx", write_zip, "not a .xlsx file that can be read"),
        ("picture.png", write_bytes(b"\x89PNG"), "pictures hold no text"),
        ("film.mp4", write_bytes(b""), "sound and film hold no text"),
        ("empty.md", write_bytes(b" \n"), "the document holds no text"),
        ("program.bin", write_bytes(bytes(range(256)) * 40), "not a text file"),
        ("faq.yaml", write_bytes(b"- question: Q?\n"), "entry 1 (line 1): 'answer' is missing"),
    ],
)
def test_what_cannot_be_read_says_why(
    converter: Converter, tmp_path: Path, name: str, write: Callable[[Path], object], reason: str
) -> None:
    path = tmp_path / name
    write(path)

    with pytest.raises(UnreadableDocument, match=reason.replace("(", r"\(").replace(")", r"\)")):
        converter.convert(path)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "---\naudience: staff\n---\nForty percent."),
        ("a.txt", "Audience: staff\n\nForty percent."),
        ("a.rst", ":audience: staff\n\nForty percent."),
        ("a.yaml", "audience: staff\nmargin: forty percent\n"),
        ("a.json", '{"margin": 40, "Audience": "staff"}'),
        ("a.yaml", "openapi: 3.1.0\naudience: staff\npaths: {/a: {get: {summary: A}}}\n"),
    ],
)
def test_an_audience_where_none_is_read_is_refused(converter: Converter, tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(UnreadableDocument, match="audience"):
        converter.convert(path)


def test_a_text_that_speaks_of_an_audience_is_read(converter: Converter, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("Talks\n\naudience: the whole hall listens.")

    assert shape(converter.convert(path))
