"""For whom a document is, said in every place that an author may think of: it is heard or refused, and never passed over."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import docx
import pytest
from reportlab.pdfgen.canvas import Canvas

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.converter import Converter
from knowledge.documents import Document, UnreadableDocument

STAFF, PUBLIC = KnowledgeAudience.STAFF, KnowledgeAudience.PUBLIC
_FAQ = "- question: Margin?\n  answer: Forty percent.\n"
_API = "openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths:\n  /a: {get: {summary: Forty percent}}\n"


@pytest.fixture(scope="module")
def converter() -> Converter:
    return Converter()


def convert(converter: Converter, folder: Path, name: str, content: str | bytes) -> Document:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return converter.convert(path)


def notebook(*cells: tuple[str, str], **metadata: object) -> str:
    made = [{"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)} for kind, text in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made})


HEARD = {
    "a.html": "---\ntitle: Margins\naudience: staff\n---\n<html><body><p>Forty percent.</p></body></html>",
    "b.html": "\ufeff---\r\naudience: staff\r\n---\r\n<p>Forty percent.</p>",
    "c.html": '<html><head><meta name="audience" content="staff"></head><body><p>Forty percent.</p></body></html>',
    "d.html": '<html><head><meta property="dcterms.Audience" content="Staff only"></head><body>Forty.</body></html>',
    "e.html": '<html><body data-audience="staff"><p>Forty percent.</p></body></html>',
    "f.html": '<script type="application/ld+json">{\n"audience": "staff"\n}</script><p>Forty percent.</p>',
    "a.md": "\ufeff\ufeff---\naudience: staff\n---\nForty percent.",
    "b.md": "---\r\nAudience : staff\r\n---\r\nForty percent.",
    "c.md": "---\raudience: staff\r---\rForty percent.",
    "d.md": "---\u2028audience: staff\u2028---\u2028Forty percent.",
    "e.md": "---\nall: &all {audience: staff}\n<<: *all\n---\nForty percent.",
    "a.yaml": f"audience: staff\nquestions:\n{_FAQ}",
    "api.yaml": _API.replace("title: A", "title: A, x-audience: staff"),
    "b.yaml": _API.replace("title: A", "title: A, x-audience: company-internal"),
    "d.yaml": _API.replace("title: A", "title: A, x-internal: true"),
    "c.yaml": f"x-audience: external-partner\n{_API}",
}


@pytest.mark.parametrize("name", HEARD)
def test_it_is_heard(converter: Converter, tmp_path: Path, name: str) -> None:
    document = convert(converter, tmp_path, name, HEARD[name])
    assert document.audience is STAFF
    assert all(entry.audience is STAFF for entry in document.entries)


REFUSED = [
    ("a.md", "---\ntitle: A\n---\nHello.\n\n---\ntitle: B\naudience: staff\n---\n\nForty percent.", "line 8 "),
    ("a.md", "# A\n\nHello.\n\naudience: staff\n\nForty percent.", "line 5 "),
    ("a.md", "# A\r\rHello.\r\r**Audience**: _staff_\r\rForty percent.", "line 5 "),
    ("a.md", "# A\n\n<!-- audience: staff -->\n\nForty percent.", "line 3 "),
    ("a.md", "# A\n\n> Intended audience: staff only\n\nForty percent.", "line 3 "),
    ("a.md", "# A\n\n| Audience | Staff |\n|---|---|\n| Owner | B |\n\nForty percent.", "line 3 "),
    ("a.md", "# A\n\n## Audience\n\nStaff only.\n\nForty percent.", "line 3 "),
    ("a.md", "# A\n\n---\naudience:\n  - staff\n---\n\nForty percent.", "line 4 "),
    ("a.md", '{"title": "A", "audience": "staff"}\n\n# A\n\nForty percent.', "line 1 "),
    ("a.md", "export const meta = {title: 'A', audience: 'staff'}\n\n# A\n\nForty percent.", "line 1 "),
    ("a.md", "# A\n\n| topic | audience |\n|---|---|\n| margin | staff |\n\nForty percent.", "below 'A'"),
    ("a.md", "---\nmeta: {audience: staff}\n---\nForty percent.", "line 2 .*below /meta"),
    (
        "a.md",
        "---\ntitle: A\nmeta:\n  read by:\n    - Audience: staff\n---\nForty percent.",
        "line 5 .*/meta/read by/0",
    ),
    ("a.md", "---\naudience: public\nmeta: {audience: staff}\n---\nForty percent.", "line 3 .*below /meta"),
    ("a.md", "---\ntitle: A\naudience:staff\n---\nForty percent.", "line 3"),
    ("a.md", "---\ntitle: A\n  audience\uff1astaff\n---\nForty percent.", "line 3 "),
    ("a.md", "---\ntitle: A\ntarget_audience: staff\n---\nForty percent.", "line 3 "),
    ("a.md", "\n---\ntitle: A\nx-audience: staff\n---\nForty percent.", "line 4 "),
    ("a.md", "---\ntitle: A\naudience:\tstaff\n---\nForty percent.", "line 3: "),
    ("a.html", "---\nmeta: {audience: staff}\n---\n<p>Forty percent.</p>", "line 2 "),
    ("a.html", "<html><!-- audience: staff --><body><p>Forty percent.</p></body></html>", "comment"),
    (
        "a.html",
        "<html><body><h1>Margins</h1><p>Audience: staff</p><p>Forty percent.</p></body></html>",
        "the text 'Aud",
    ),
    (
        "a.html",
        "<html><body><h1>Margins</h1><p><b>Audience</b>: staff</p><p>Forty percent.</p></body></html>",
        "'Margins'",
    ),
    ("a.html", "<html><body><p>Forty percent.</p><footer>Audience: staff</footer></body></html>", "the text 'Audience"),
    ("a.html", "<html><body><p>Forty percent.</p><p hidden>audience: staff</p></body></html>", "the text 'audience"),
    ("a.html", "<html><body><h1>A</h1><h2>Audience</h2><p>Staff</p><p>Forty percent.</p></body></html>", "'Audience'"),
    ("a.txt", "Margins\n\nForty percent.\n\naudience: staff\n", "line 5 "),
    ("a.rst", "Margins\n=======\n\n.. meta::\n   :audience: staff\n\nForty percent.", "line 5 "),
    ("a.md", "---\naudiance: staff\n---\nForty percent.\n", "did you mean 'audience'"),
    ("a.md", "---\nAudiences: [staff]\n---\nForty percent.\n", "did you mean 'audience'"),
    ("a.csv", "topic,audience\nmargin,staff\n", "its text"),
    ("a.xml", "<article>\n<section audience='staff'>Forty percent.</section></article>", "line 2 "),
    ("a.xml", "<topic><dc:audience xmlns:dc='x'>staff</dc:audience>Forty percent.</topic>", "line 1 "),
    ("a.xml", "<topic>\n<!-- audience: staff -->Forty percent.</topic>", "line 2 "),
    ("a.ipynb", notebook(("raw", "---\ntitle: A\naudience: staff\n---"), ("markdown", "Forty percent.")), "cell 1 "),
    ("a.ipynb", notebook(("markdown", "# A\n\naudience: staff\n\nForty percent.")), "'A'"),
    ("a.ipynb", notebook(("markdown", "Forty percent."), audience="staff"), "metadata"),
    ("a.ipynb", notebook(("markdown", "Forty percent."), switchboard={"audience": "staff"}), "metadata/switchboard"),
    ("faq.yaml", f"- audience: staff\n{_FAQ}", r"entry 1 \(line 1\)"),
    ("faq.yaml", f"---\naudience: staff\n---\n{_FAQ}", "line 3"),
    ("faq.yaml", "- question: Margin?\n  answer: |\n    audience: staff\n\n    Forty percent.\n", "answer"),
    ("a.yaml", "margin: forty percent\n\nmeta:\n  audience: staff\n", r"line 4 \(below meta\)"),
    ("a.json", '[{"margin": 40, "meta": {"Audience": "staff"}}]', "line 1 "),
    ("a.yaml", _API.replace("get: {", "get: {x-audience: company-internal, "), "/paths//a/get"),
    ("a.yaml", _API.replace("title: A", "title: A, x-audience: partners"), "'partners'"),
    ("a.yaml", _API.replace("title: A", "title: A, audience: staff"), "info"),
]


@pytest.mark.parametrize(("name", "text", "where"), REFUSED)
def test_it_is_refused_with_its_place(converter: Converter, tmp_path: Path, name: str, text: str, where: str) -> None:
    with pytest.raises(UnreadableDocument, match=where):
        convert(converter, tmp_path, name, text)


READ = [
    ("a.md", "# A\n\n```yaml\n---\naudience: staff\n---\n```\n\nWrite `audience: staff` at the head.", PUBLIC),
    ("a.md", "# A\n\n`audience: staff` keeps it from customers.\n\n    audience: staff\n", PUBLIC),
    ("a.md", "# A\n\nWrite `meta: {audience: staff}`, or\n`audience: staff` alone.", PUBLIC),
    ("a.md", "# A\n\n## Audience\n\nStaff of small shops, and their customers.", PUBLIC),
    ("a.md", "# A\n\nOur\naudience: staff of small shops, and their customers.", PUBLIC),
    ("a.md", "---\ntitle: A\naudience: public\nmeta: {audience: public}\n---\nHello.", PUBLIC),
    ("a.md", "---\ntitle: A\n# audience: staff\n---\nHello.", PUBLIC),
    ("a.html", '<html><head><meta name="audience" content="all"></head><body><p>Hello.</p></body></html>', PUBLIC),
    ("a.html", "<html><body><p>Write:</p><pre>audience: staff</pre></body></html>", PUBLIC),
    ("a.csv", "event,audience\nTalk,adults\nTour,staff and families\n", PUBLIC),
    ("a.json", '{"iss": "us", "token": {"audience": "https://api.example.com"}}', PUBLIC),
    ("a.ipynb", notebook(("markdown", "Hello."), ("code", 'audience = "staff"')), PUBLIC),
    ("a.yaml", _API.replace("title: A", "title: A, x-audience: external-public"), PUBLIC),
]


@pytest.mark.parametrize(("name", "text", "audience"), READ)
def test_what_only_speaks_of_it_is_read(
    converter: Converter, tmp_path: Path, name: str, text: str, audience: KnowledgeAudience
) -> None:
    assert convert(converter, tmp_path, name, text).audience is audience


@pytest.mark.parametrize(("said", "audience"), [("staff", STAFF), ("Staff only", STAFF), ("public", PUBLIC)])
def test_a_property_of_a_word_file_is_heard(
    converter: Converter, tmp_path: Path, said: str, audience: KnowledgeAudience
) -> None:
    assert convert(converter, tmp_path, "a.docx", word(said)).audience is audience


def test_a_property_that_is_no_audience_is_refused(converter: Converter, tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match="'audience' must be 'public' or 'staff', not 'partners'"):
        convert(converter, tmp_path, "a.docx", word("Partners"))


def test_keywords_of_a_word_file_and_a_line_of_its_text(converter: Converter, tmp_path: Path) -> None:
    made = docx.Document()
    made.add_paragraph("Forty percent.")
    made.core_properties.keywords = "audience: staff"
    made.save(str(tmp_path / "keywords.docx"))
    assert converter.convert(tmp_path / "keywords.docx").audience is STAFF

    made = docx.Document()
    made.add_paragraph("Forty percent.")
    made.sections[0].footer.paragraphs[0].text = "Audience: staff"
    made.save(str(tmp_path / "footer.docx"))
    assert converter.convert(tmp_path / "footer.docx").audience is STAFF

    made = docx.Document()
    made.add_heading("Margins", 1)
    made.add_paragraph("Audience: staff")
    made.save(str(tmp_path / "text.docx"))
    with pytest.raises(UnreadableDocument, match="'Margins' names an 'audience'"):
        converter.convert(tmp_path / "text.docx")


def word(audience: str) -> bytes:
    """A Word file with a property of its author's own."""
    made, plain = BytesIO(), BytesIO()
    document = docx.Document()
    document.add_paragraph("Forty percent.")
    document.save(plain)
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
    values = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
    custom = (
        f'<Properties xmlns="{kind}" xmlns:vt="{values}"><property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" '
        f'name="Audience"><vt:lpwstr>{audience}</vt:lpwstr></property></Properties>'
    )
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(made, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name))
        after.writestr("docProps/custom.xml", custom)
    return made.getvalue()


def test_a_property_of_a_pdf_and_a_line_on_a_page(converter: Converter, tmp_path: Path) -> None:
    kept = pdf(tmp_path / "subject.pdf", "Forty percent is the margin of all plans.")
    kept.setSubject("audience: staff")
    kept.save()
    assert converter.convert(tmp_path / "subject.pdf").audience is STAFF

    footed = Canvas(str(tmp_path / "footed.pdf"))
    for number in range(4):
        footed.drawString(72, 700, f"Forty percent is the margin of plan {number}.")
        footed.drawString(72, 40, "Audience: staff")
        footed.showPage()
    footed.save()
    with pytest.raises(UnreadableDocument, match="page 1 names an 'audience'"):
        converter.convert(tmp_path / "footed.pdf")

    pdf(tmp_path / "page.pdf", "Forty percent is the margin of all plans.", "Audience: staff").save()
    with pytest.raises(UnreadableDocument, match="page 1 names an 'audience'"):
        converter.convert(tmp_path / "page.pdf")


def pdf(path: Path, *lines: str) -> Canvas:
    made = Canvas(str(path))
    for number, text in enumerate(lines):
        made.drawString(72, 700 - 100 * number, text)
    return made


def test_what_an_api_marks_as_internal_is_left_out(converter: Converter, tmp_path: Path) -> None:
    text = (
        "openapi: 3.1.0\ninfo: {title: A, version: '1'}\npaths:\n  /open: {get: {summary: Open}}\n"
        "  /margin: {get: {summary: Margin, x-internal: true}}\n  /costs: {x-internal: true, get: {summary: Costs}}\n"
    )
    document = convert(converter, tmp_path, "a.yaml", text)
    told = "\n".join(block.text for block in document.blocks)
    assert "Open" in told
    assert "argin" not in told
    assert "osts" not in told


def test_an_e_book_says_it_in_its_package(converter: Converter, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.epub", "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        root = '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
        book.writestr("META-INF/container.xml", f'<container version="1.0">{root}</container>')
        book.writestr(
            "book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            '<dc:title>Margins</dc:title><meta property="dcterms:audience">staff</meta></metadata>'
            '<manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
        )
        book.writestr("a.xhtml", "<html><body><p>Forty percent.</p></body></html>")
    assert converter.convert(tmp_path / "a.epub").audience is STAFF


def test_our_own_documents_can_be_read(converter: Converter) -> None:
    for path in [*Path("docs").rglob("*.md"), *Path("knowledge/sample").rglob("*.*")]:
        if path.suffix in {".md", ".yaml", ".html"}:
            assert converter.convert(path).audience is PUBLIC or "staff" in path.read_text()
