"""Text or not, and which markup: judged on the first bytes of a file."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

# Control characters that no text holds (tab, line feed, form feed, carriage return and escape may occur).
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_WIDE_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Possessive throughout: a file of ten thousand comments must not make the matcher try every way to split them.
_PROLOGUE = rb"(?>\s++|<!--(?>(?!-->).)*+-->|<\?xml[^>]*+>)*+"
_FLAGS = re.IGNORECASE | re.DOTALL
_HTML = re.compile(_PROLOGUE + rb"<(?:!doctype\s++html|html|head|body|script|iframe|object|embed|meta|title)\b", _FLAGS)
_SVG = re.compile(_PROLOGUE + rb"(?:<!doctype[^>]*+>" + _PROLOGUE + rb")?<(?:\w++:)?svg\b", _FLAGS)


def looks_like_text(sample: bytes, *, whole: bool) -> bool:
    """Whether ``sample`` is the start of a text. ``whole``: it is all of it, so a cut character counts against it."""
    if sample.startswith(_WIDE_BOMS):
        return _decodes(sample, "utf-16", whole)
    if _CONTROL.search(sample):
        return False
    return _decodes(sample, "utf-8", whole) or _best(sample) is not None


def markup_of(sample: bytes) -> str | None:
    """HTML and SVG give themselves away whatever they are called; a browser would run what they hold."""
    content = sample.removeprefix(codecs.BOM_UTF8)
    if _SVG.match(content):
        return "image/svg+xml"
    return "text/html" if _HTML.match(content) else None


def decode(content: bytes) -> str:
    """The text of ``content`` in whichever encoding fits best; what fits none is marked as unreadable."""
    for encoding in ("utf-8-sig", "utf-16") if content.startswith(_WIDE_BOMS) else ("utf-8-sig",):
        if _decodes(content, encoding, whole=True):
            return content.decode(encoding)
    best = _best(content)
    return str(best) if best is not None else content.decode("utf-8", "replace")


def _best(content: bytes) -> CharsetMatch | None:
    from charset_normalizer import from_bytes  # loaded with the first file that is not UTF-8

    return from_bytes(content).best()


def _decodes(sample: bytes, encoding: str, whole: bool) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        decoder.decode(sample, final=whole)
    except UnicodeDecodeError:
        return False
    return True
