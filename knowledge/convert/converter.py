"""Turns a file into a document, by the ending of its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from charset_normalizer import from_bytes

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert import audience
from knowledge.convert.anchors import with_ids, with_slugs
from knowledge.convert.delimited import table_of
from knowledge.convert.faq import faq_document, is_faq, parse_data
from knowledge.convert.kinds import FEEDS, HTML, OFFICE, refuse_without_text
from knowledge.convert.markdown import FrontMatter, blocks_of, split_front_matter, split_head
from knowledge.convert.openapi import is_openapi, openapi_document
from knowledge.convert.properties import office_audience, office_title
from knowledge.convert.titles import choose_title, first_heading
from knowledge.documents import Document, UnreadableDocument

if TYPE_CHECKING:
    from knowledge.convert.office import OfficeReader

_DELIMITED = frozenset({".csv", ".tsv"})
_PLAIN = frozenset({".txt", ".text", ".rst", ".log"})
_HEAD_MARKS = (b"---", b"+++")
_NOT_TEXT = "not a text file, and no kind of document that can be read"


class Converter:
    """Reads one file after the other. What reads a kind of file is loaded with the first of that kind."""

    def convert(self, path: Path) -> Document:
        """The document in ``path``. Raises UnreadableDocument with a reason for people; OSError when it is not there."""
        refuse_without_text(path)
        return self.convert_content(path, path.read_bytes())

    def convert_content(self, path: PurePath, content: bytes) -> Document:
        """The document that ``content`` is, by the name of the file that held it. Raises UnreadableDocument."""
        document = self._by_kind(path.suffix.lower())(path, content)
        if not document.blocks and not document.entries:
            raise UnreadableDocument("the document holds no text")
        return document

    def _by_kind(self, suffix: str) -> Callable[[PurePath, bytes], Document]:
        if suffix in {".yaml", ".yml", ".json"}:
            return self._data
        if suffix == ".pdf":
            return self._pdf
        if suffix in HTML:
            return self._html
        if suffix in OFFICE:
            return self._office
        if suffix in _DELIMITED:
            return self._delimited
        if suffix in FEEDS:
            return self._feed
        return self._plain if suffix in _PLAIN else self._markdown

    @cached_property
    def _office_reader(self) -> OfficeReader:
        from knowledge.convert.office import OfficeReader

        return OfficeReader()

    def _markdown(self, path: PurePath, content: bytes) -> Document:
        head, text = split_front_matter(read_text(content))
        blocks = blocks_of(text)
        audience.refuse_in_tables(blocks)
        title = choose_title(head.title, first_heading(blocks), path=path)
        return Document(
            title,
            tuple(with_slugs(blocks)),
            url=head.url,
            category=head.category,
            audience=head.audience,
            language=head.language,
        )

    def _plain(self, path: PurePath, content: bytes) -> Document:
        """Text without settings at its head; what looks like Markdown in it is taken as such."""
        text = audience.lines_of(read_text(content))
        audience.refuse_first_lines(text, any_audience=True)
        audience.refuse_further(text)
        blocks = blocks_of(text)
        audience.refuse_in_tables(blocks)
        return Document(choose_title(first_heading(blocks), path=path), tuple(blocks))

    def _data(self, path: PurePath, content: bytes) -> Document:
        text = read_text(content)
        data = parse_data(text, json_only=path.suffix.lower() == ".json")
        if is_faq(data) or ("faq" in path.stem.lower() and not is_openapi(data)):
            return faq_document(data, text, title=choose_title(path=path))
        audience.refuse_in_data(data, text)
        return openapi_document(data) if is_openapi(data) else self._plain(path, content)

    def _pdf(self, path: PurePath, content: bytes) -> Document:
        from knowledge.convert.pdf import read_pdf

        blocks, said = read_pdf(content, lambda single, page: self._office_reader.read_pdf_page(single, page))
        audience.refuse_in_blocks(blocks)
        title = choose_title(said.get("title"), first_heading(blocks), path=path)
        return Document(title, tuple(blocks), audience=audience.of_properties(said))

    def _html(self, path: PurePath, content: bytes) -> Document:
        from knowledge.convert.html import main_part

        head, source = _html_head(content)
        page = main_part(source)
        blocks = with_ids(self._office_reader.read(page.html.encode(), suffix=".html", charset="utf-8"))
        audience.refuse_in_blocks(blocks)
        return Document(
            choose_title(head.title, page.title, first_heading(blocks), path=path),
            tuple(blocks),
            url=head.url or page.url,
            category=head.category,
            audience=KnowledgeAudience.STAFF if page.for_staff else head.audience,
            language=head.language or page.language,
        )

    def _office(self, path: PurePath, content: bytes) -> Document:
        suffix = path.suffix.lower()
        if suffix == ".ipynb":
            audience.refuse_in_notebook(_notebook(content))
        blocks = self._office_reader.read(content, suffix=suffix)
        audience.refuse_in_blocks(blocks)
        title = choose_title(office_title(content), first_heading(blocks), path=path)
        return Document(title, tuple(blocks), audience=office_audience(content))

    def _delimited(self, path: PurePath, content: bytes) -> Document:
        blocks = table_of(read_text(content))
        audience.refuse_in_blocks(blocks)
        return Document(choose_title(path=path), tuple(blocks))

    def _feed(self, path: PurePath, content: bytes) -> Document:
        """A news feed; other XML is taken as the text that it is."""
        text = audience.lines_of(read_text(content))
        audience.refuse_in_markup(text)
        audience.refuse_further(text)
        try:
            blocks = self._office_reader.read(content, suffix=path.suffix.lower())
        except UnreadableDocument:
            return self._plain(path, content)
        audience.refuse_in_blocks(blocks)
        return Document(choose_title(first_heading(blocks), path=path), tuple(blocks))


def _html_head(content: bytes) -> tuple[FrontMatter, str | bytes]:
    """What stands above a page as above a Markdown file, which generators of sites take off (Jekyll, Hugo), and the page."""
    if not content[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xfe\xff \t\r\n").startswith(_HEAD_MARKS):
        return FrontMatter(), content
    head, page, _ = split_head(read_text(content))
    return head, page


def _notebook(content: bytes) -> object:
    """As MarkItDown reads it, which says what is wrong with one that is none."""
    try:
        return json.loads(content.decode("utf-8").lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def read_text(content: bytes) -> str:
    """A text file in whatever encoding it has. Raises UnreadableDocument when it is not text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        best = from_bytes(content).best()
        if best is None:
            raise UnreadableDocument(_NOT_TEXT) from None
        text = str(best)
    if "\0" in text:
        raise UnreadableDocument(_NOT_TEXT)
    return text
