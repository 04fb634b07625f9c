"""Bytes of an e-mail to text, whatever their sender says that they are. Nothing here raises."""

from __future__ import annotations

import codecs
import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from charset_normalizer import from_bytes

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_FOLDS = re.compile(r"[\r\n]+[ \t]*")
_GUESS_FROM = 64 * 1024
_LONGEST_ENCODED = 4_000
"""Characters of one header in which encoded words are looked for, for which the library takes quadratic time."""
_ALIASES = {"unicode-1-1-utf-7": "utf-7", "cp-850": "cp850", "x-sjis": "shift_jis", "iso-8859-8-i": "iso-8859-8"}


def text_of(data: bytes, charset: str | None) -> str:
    """In the charset that is declared; where it is unknown or wrong, in UTF-8 or the most likely one."""
    for name in (_known(charset), "utf-8"):
        if name is None:
            continue
        try:
            return clean(data.decode(name))
        except (UnicodeError, ValueError):
            continue
    return clean(_guessed(data))


def header(message: Message, name: str) -> str:
    """A header's text on one line, its encoded words decoded; empty where there is none."""
    values = raw_headers(message, name)
    return words(values[0]) if values else ""


def raw_headers(message: Message, name: str) -> list[str]:
    """All headers of that name, unfolded and not decoded, the topmost first."""
    wanted = name.lower()
    values = (str(value) for known, value in message.raw_items() if known.lower() == wanted)
    return [_FOLDS.sub(" ", _plain(value)).strip() for value in values]


def words(value: str) -> str:
    """RFC 2047 encoded words as text."""
    if "=?" not in value:
        return clean(value)
    shown, rest = value[:_LONGEST_ENCODED], value[_LONGEST_ENCODED:]
    try:
        parts = decode_header(shown)
    except (HeaderParseError, ValueError, LookupError):
        return clean(value)
    joined = "".join(text_of(part, charset) if isinstance(part, bytes) else part for part, charset in parts)
    return clean(" ".join((joined + rest).split()))


def clean(text: str) -> str:
    """Without control characters and halves of characters, and with one kind of line end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


def _known(charset: str | None) -> str | None:
    name = (charset or "").strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    if name in ("", "us-ascii", "ascii", "unknown-8bit", "x-unknown"):
        return None  # UTF-8 is tried anyway, and ASCII is a part of it
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    is_text = getattr(info, "_is_text_encoding", True)
    return name if is_text else None


def _guessed(data: bytes) -> str:
    best = from_bytes(data[:_GUESS_FROM]).best()
    if best is not None:
        try:
            return data.decode(best.encoding)
        except (UnicodeError, LookupError, ValueError):
            pass
    return data.decode("cp1252", errors="replace")


def _plain(value: str) -> str:
    """Raw bytes that the library kept as surrogates, as the text that they most likely are."""
    if not _SURROGATES.search(value):
        return value
    return text_of(value.encode("utf-8", "surrogateescape" if _escaped(value) else "replace"), None)


def _escaped(value: str) -> bool:
    return all("\udc80" <= mark <= "\udcff" for mark in _SURROGATES.findall(value))
