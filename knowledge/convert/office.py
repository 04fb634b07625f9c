"""Leaves what is not our own field to MarkItDown, with its converters chosen by hand.

Without its readers of sound (which calls a public service), films, web addresses, archives, and without plug-ins.
Import it only when a file needs it: it takes seconds.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from markitdown import DocumentConverter, MarkItDown, MarkItDownException, StreamInfo
from markitdown.converters import (
    DocxConverter,
    EpubConverter,
    HtmlConverter,
    IpynbConverter,
    OutlookMsgConverter,
    PdfConverter,
    PptxConverter,
    RssConverter,
    XlsConverter,
    XlsxConverter,
)

from knowledge.convert.markdown import blocks_of
from knowledge.convert.spreadsheet import tidy_tables
from knowledge.documents import Block, UnreadableDocument

_WORD_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => p:fresh"
_SLIDE = re.compile(r"^<!-- Slide number: (\d+) -->$", re.MULTILINE)
_CONVERTERS: tuple[Callable[[], DocumentConverter], ...] = (
    HtmlConverter,
    RssConverter,
    DocxConverter,
    XlsxConverter,
    XlsConverter,
    PptxConverter,
    IpynbConverter,
    OutlookMsgConverter,
    EpubConverter,
    PdfConverter,
)


class OfficeReader:
    """Reads Office files, web pages, feeds, mails, notebooks and e-books from their bytes."""

    def __init__(self) -> None:
        self._markitdown = MarkItDown(enable_builtins=False, enable_plugins=False)
        for make in _CONVERTERS:
            self._markitdown.register_converter(make())

    def read(self, content: bytes, *, suffix: str, charset: str | None = None) -> list[Block]:
        """The blocks of a file whose name ends in ``suffix``. Raises UnreadableDocument."""
        options: dict[str, Any] = {"style_map": _WORD_STYLES} if suffix == ".docx" else {}
        info = StreamInfo(extension=suffix, charset=charset)
        try:
            result = self._markitdown.convert_stream(io.BytesIO(content), stream_info=info, **options)
        except MarkItDownException as error:
            raise UnreadableDocument(f"not a {suffix} file that can be read: {_reason(error)}") from error
        if suffix == ".pptx":
            return _slides(result.markdown)
        text = tidy_tables(result.markdown) if suffix in {".xlsx", ".xls"} else result.markdown
        return blocks_of(text)

    def read_pdf_page(self, content: bytes, page: int) -> list[Block]:
        """The blocks of a PDF of one page, with that page's number in its document."""
        return [replace(block, page=page) for block in self.read(content, suffix=".pdf")]


def _slides(markdown: str) -> list[Block]:
    """Slides are pages: MarkItDown writes a comment with the number before each."""
    before, *slides = _SLIDE.split(markdown)
    blocks = blocks_of(before)
    for number, text in zip(slides[::2], slides[1::2], strict=True):
        blocks.extend(blocks_of(text, page=int(number)))
    return blocks


def _reason(error: MarkItDownException) -> str:
    """The last line of the library's report names the cause; the rest is for its developers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
