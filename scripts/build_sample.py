"""Writes the PDF, DOCX and XLSX files of the sample knowledge from the texts in scripts/sample.

Run it after changing those texts: ``.venv/bin/python scripts/build_sample.py``. The results are committed, so that
nobody needs the libraries that write them, and they are the same bytes on each run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
import openpyxl
import yaml
from markdown_it import MarkdownIt
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, StyleSheet1, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Table

SOURCES = Path(__file__).parent / "sample"
TARGET = Path(__file__).parents[1] / "knowledge" / "sample"
WRITTEN_ON = dt.datetime(2026, 10, 1, 9, 0, 0)  # noqa: DTZ001 - office formats store naive times
AUTHOR = "Tidepool documentation team"


@dataclass(frozen=True)
class Block:
    """A heading (level 1 to 6), a paragraph (level 0) or a table (rows)."""

    text: str = ""
    level: int = 0
    rows: tuple[tuple[str, ...], ...] = ()


def blocks(markdown: str) -> Iterator[Block]:
    """The headings, paragraphs and tables of a text, in order."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    rows: list[list[str]] = []
    inside = ""
    for token in tokens:
        if token.type in {"heading_open", "paragraph_open", "table_open", "tr_open"}:
            inside = token.tag if token.type != "tr_open" else "table"
            rows = [] if token.type == "table_open" else [*rows, []] if token.type == "tr_open" else rows
        elif token.type == "inline" and inside == "table":
            rows[-1].append(token.content)
        elif token.type == "inline":
            level = int(inside[1]) if inside.startswith("h") else 0
            yield Block(token.content.replace("\n", " "), level)
        elif token.type == "table_close":
            yield Block(rows=tuple(tuple(row) for row in rows))


def pdf(source: Path, target: Path) -> None:
    """A document with a title page, chapters that start on a page of their own, and page numbers."""
    styles = getSampleStyleSheet()
    parts = list(blocks(source.read_text("utf-8")))
    story: list[Flowable] = []
    chapters = 0
    for part in parts:
        if part.level == 2:
            chapters += 1
            if chapters > 1 and chapters % 2 == 1:
                story.append(PageBreak())
        story.append(_flowable(part, styles))
    SimpleDocTemplate(
        str(target),
        pagesize=A4,
        title=parts[0].text,
        author=AUTHOR,
        leftMargin=25 * mm,
        rightMargin=25 * mm,
        invariant=1,
    ).build(story, onFirstPage=_page_number, onLaterPages=_page_number)


def _flowable(part: Block, styles: StyleSheet1) -> Flowable:
    if part.rows:
        grid = [("GRID", (0, 0), (-1, -1), 0.5, colors.grey), ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold")]
        return Table([list(row) for row in part.rows], style=grid, hAlign="LEFT", spaceBefore=6, spaceAfter=8)
    if part.level:
        return Paragraph(part.text, styles["Title" if part.level == 1 else f"Heading{part.level}"])
    body = ParagraphStyle("Reading", styles["BodyText"], fontSize=10.5, leading=15, spaceAfter=6)
    return Paragraph(part.text.replace("&", "&amp;").replace("<", "&lt;"), body)


def _page_number(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Helvetica", 8)
    canvas.drawCentredString(A4[0] / 2, 12 * mm, str(document.page))
    canvas.restoreState()


def word(source: Path, target: Path) -> None:
    """The same text with Word's own heading styles and tables."""
    document = docx.Document()
    for part in blocks(source.read_text("utf-8")):
        if part.rows:
            table = document.add_table(rows=0, cols=len(part.rows[0]), style="Table Grid")
            for row in part.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        elif part.level:
            document.add_heading(part.text, level=part.level)
            document.core_properties.title = document.core_properties.title or part.text
        else:
            document.add_paragraph(part.text)
    properties = document.core_properties
    properties.author, properties.created, properties.modified = AUTHOR, WRITTEN_ON, WRITTEN_ON
    properties.comments = ""
    memory = io.BytesIO()
    document.save(memory)
    _write_stable(memory, target)


def excel(source: Path, target: Path) -> None:
    """One worksheet per table, its first row as the header."""
    content = yaml.safe_load(source.read_text("utf-8"))
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in content["sheets"].items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([str(cell) for cell in row])
        sheet.freeze_panes = "B2"
    properties = book.properties
    properties.title, properties.creator = content["title"], AUTHOR
    properties.created = properties.modified = WRITTEN_ON
    memory = io.BytesIO()
    book.save(memory)
    _write_stable(memory, target)


def _write_stable(memory: io.BytesIO, target: Path) -> None:
    """Office files are archives: fixed times inside make them the same bytes on each run."""
    with zipfile.ZipFile(memory) as made, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as stable:
        for name in made.namelist():
            content = made.read(name)
            if name == "docProps/core.xml":
                content = _fixed_modified(content)
            stable.writestr(zipfile.ZipInfo(name, (2026, 10, 1, 9, 0, 0)), content, zipfile.ZIP_DEFLATED)


def _fixed_modified(core: bytes) -> bytes:
    """openpyxl writes the present moment as the time of the last change, whatever it was told."""
    start = core.find(b"<dcterms:modified")
    end = core.find(b"</dcterms:modified>")
    if start < 0 or end < 0:
        return core
    opening = core.find(b">", start) + 1
    return core[:opening] + WRITTEN_ON.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + core[end:]


def build(target: Path) -> None:
    """Writes all three files into their folders in ``target``; the folder is their category."""
    for folder in ("getting-started", "billing"):
        (target / folder).mkdir(parents=True, exist_ok=True)
    pdf(SOURCES / "user-guide.md", target / "getting-started" / "user-guide.pdf")
    word(SOURCES / "billing-policy.md", target / "billing" / "billing-policy.docx")
    excel(SOURCES / "plans.yaml", target / "billing" / "plans-and-limits.xlsx")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=TARGET, help="folder to write to")
    build(parser.parse_args().into)
