"""What the confined child does with a customer's file: open for reading in, Markdown out, by its media type."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import PurePath
from typing import Any, BinaryIO

from core.attachments.archive import ExtractionLimits, inspect
from core.attachments.formats import DOCX, PPTX, SUFFIXES, TEXT_SUFFIXES, XLSX
from core.attachments.plain_text import decode, looks_like_text, markup_of
from core.domain.errors import ExtractionFailed

# Which of MarkItDown's converters reads a type.
_CONVERTERS: dict[str, str] = {
    "application/pdf": "PdfConverter",
    DOCX: "DocxConverter",
    XLSX: "XlsxConverter",
    "application/vnd.ms-excel": "XlsConverter",
    PPTX: "PptxConverter",
    "application/vnd.ms-outlook": "OutlookMsgConverter",
    "application/epub+zip": "EpubConverter",
    "text/html": "HtmlConverter",
    "application/x-ipynb+json": "IpynbConverter",
    "text/csv": "CsvConverter",
}
_ZIPPED = frozenset((DOCX, XLSX, PPTX, "application/epub+zip"))
_PLAIN = frozenset(("text/plain", "text/markdown", "application/json", "application/xml"))

_PICTURES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp", "avif", "bmp", "tiff"))
_IN_ARCHIVES = frozenset(_CONVERTERS) | _PICTURES

_CUT = "The file goes on: only its first {chars} characters were read."
_PASSWORD_WORDS = ("password", "encrypt")

READABLE = frozenset(_CONVERTERS) | _PLAIN | _PICTURES | {"application/zip"}


def read_text(payload: bytes, file: BinaryIO) -> bytes:
    """``payload``: the media type, and the languages of text in pictures. Answers the text, with a note where it was cut.

    Raises ExtractionFailed with a reason for the person who sent the file; MemoryError.
    """
    media_type, *languages = payload.decode().split()
    limits = ExtractionLimits(languages=tuple(languages))
    try:
        text = convert(file, media_type, limits)
    except MemoryError:
        raise
    except BaseException as error:  # a converter may raise anything, up to RecursionError
        raise ExtractionFailed(_reason(error)) from error
    if len(text) > limits.output_chars:
        text = f"{text[: limits.output_chars].strip()}\n\n[{_CUT.format(chars=limits.output_chars)}]"
    return text.encode("utf-8", "replace")


def _reason(error: BaseException) -> str:
    """A library's own words are seldom fit for people."""
    if isinstance(error, ExtractionFailed):
        return error.detail
    causes = f"{type(error).__name__} {error} {error.__cause__ or error.__context__ or ''}".lower()
    if any(word in causes for word in _PASSWORD_WORDS):
        return "The file is protected by a password."
    return "The file could not be read; it may be damaged."


def convert(file: BinaryIO, media_type: str, limits: ExtractionLimits) -> str:
    """Markdown, possibly empty. Raises ExtractionFailed, or whatever a converter makes of a broken file."""
    if media_type == "application/zip":
        return _convert_members(file, limits)
    if media_type in _PLAIN:
        return decode(file.read(limits.output_chars * 4))
    if media_type in _PICTURES:
        from core.attachments.pictures import read_picture

        return read_picture(file, limits)
    if media_type not in _CONVERTERS:
        raise ExtractionFailed("No text can be read from files of this kind.")
    if media_type in _ZIPPED:
        inspect(file, limits)
    text = _with_markitdown(file, media_type)
    return _with_scanned_pages(text, file, limits) if media_type == "application/pdf" else text


def _with_scanned_pages(text: str, file: BinaryIO, limits: ExtractionLimits) -> str:
    """The text with that of the pages that are pictures. What is wrong with those takes nothing from the text."""
    from core.attachments.pictures import read_scan

    try:
        scanned = read_scan(file, limits)
    except Exception:
        if not text.strip():
            raise
        return text
    return f"{text.rstrip()}\n\n{scanned}".strip()


def _with_markitdown(file: BinaryIO, media_type: str) -> str:
    """One converter and nothing else: no plugins, no audio, no video pages, no language model, no recursion."""
    from core.attachments.markitdown_readers import StreamInfo, converters

    converter: Callable[[], Any] = getattr(converters, _CONVERTERS[media_type])
    info = StreamInfo(mimetype=media_type, extension=SUFFIXES[media_type][0], charset=_charset(file, media_type))
    return str(converter().convert(file, info).text_content)


def _charset(file: BinaryIO, media_type: str) -> str | None:
    """Only text needs one; it is found out here, since the converter itself would assume UTF-8."""
    if not media_type.startswith("text/") and media_type not in TEXT_SUFFIXES.values():
        return None
    from charset_normalizer import from_bytes

    best = from_bytes(file.read(256 * 1024)).best()
    file.seek(0)
    return best.encoding if best is not None else "utf-8"


def _convert_members(file: BinaryIO, limits: ExtractionLimits) -> str:
    """The files of an archive, each under its name: texts, and documents and pictures while there is time for them."""
    members = inspect(file, limits)
    parts: list[str] = []
    room = limits.output_chars
    with zipfile.ZipFile(file) as archive:
        for member in members[: limits.members]:
            text = _member_text(archive, member, limits)
            parts.append(f"## {member.filename}\n\n{text}" if text else f"## {member.filename}")
            room -= len(parts[-1])
            if room <= 0:
                break
    return "\n\n".join(parts)


def _member_text(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: ExtractionLimits) -> str:
    """Empty for what cannot be read: it takes nothing from the others."""
    suffix = PurePath(member.filename).suffix.lower()
    if suffix not in TEXT_SUFFIXES:
        kind = next((kind for kind, endings in SUFFIXES.items() if suffix in endings and kind in _IN_ARCHIVES), None)
        if kind is None or limits.is_late:
            return ""
        with suppress(Exception):
            return convert(io.BytesIO(archive.read(member)), kind, limits).strip()
        return ""
    content = archive.read(member)
    if not looks_like_text(content, whole=True):
        return ""
    if markup_of(content):
        return _with_markitdown(io.BytesIO(content), "text/html")
    return decode(content).strip()
