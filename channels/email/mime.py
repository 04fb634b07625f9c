"""An e-mail's parts: what is to be read, and the files. Whatever a sender made of the rules, nothing here raises but `opened`."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from email.utils import collapse_rfc2231_value
from itertools import count
from typing import Final, TypeVar

from channels.email import calendar_text, winmail
from channels.email.charset import clean, header, text_of, words
from channels.email.html_text import html_to_text
from channels.email.part_file import LONGEST_NAME, PartFile
from core.domain.errors import InvalidInput

_DEEPEST: Final = 30
_MOST_PARTS: Final = 500
MOST_FILES: Final = 50
LONGEST_TEXT: Final = 200_000
LONGEST_HEADERS: Final = 256_000
"""Bytes of a mail's header that are read; Exchange takes so many in all."""
_LONGEST_VALUE: Final = 64_000
_LONGEST_PARAMETERS: Final = 4_000
"""Characters of a Content-Type and the like: the library takes quadratic time over parameters."""
LONGEST_KIND: Final = 255
"""Two names of 127 characters at most (RFC 6838, section 4.2)."""
_UNKNOWN: Final = "application/octet-stream"
_MOST_OPENED: Final = 2_000
_DEEPEST_OPENED: Final = 100
"""As many layers as Dovecot looks into."""
_HEADER_END: Final = re.compile(rb"\r?\n\r?\n|\r\r")
_SPACER: Final = 200
"""An inline picture of fewer bytes is a spacer or a tracking pixel."""
SEALS: Final = frozenset(
    (
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-keys",
    )
)
_T = TypeVar("_T")
_TNEF: Final = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))


@dataclass(frozen=True, slots=True)
class Content:
    """``text``: all that is to be read, quotations included. ``passed_on``: what is not the writer's own
    but to be read in full: forwarded mails with their headers, invitations."""

    text: str
    passed_on: str
    files: tuple[PartFile, ...]


def opened(data: bytes) -> Message:
    """The message as its sender sent it. Raises InvalidInput for what has no end of parts or layers, or no header at all."""
    parts = count(1)

    def new_part(policy: Compat32 = BOUNDED) -> Message:
        if next(parts) > _MOST_OPENED:
            raise InvalidInput(f"This e-mail has more than {_MOST_OPENED} parts.")
        return _Part(policy)

    try:
        message = BytesParser(new_part, policy=BOUNDED).parsebytes(_with_short_header(data))
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, IndexError) as error:
        raise InvalidInput(f"This is not an e-mail that can be read ({type(error).__name__}).") from None
    if not message.keys():
        raise InvalidInput("This is not an e-mail: it has no header.")
    return message


def _with_short_header(data: bytes) -> bytes:
    """The mail without what its header has past its first ``LONGEST_HEADERS`` bytes, cut between two lines."""
    found = _HEADER_END.search(data)
    end = found.start() if found is not None else len(data)
    if end <= LONGEST_HEADERS:
        return data
    cut = data.rfind(b"\n", 0, LONGEST_HEADERS)
    return data[: max(cut, 0)] + data[end:]


def content(message: Message) -> Content:
    """Text and files in the order in which the sender put them."""
    reading = _Reading()
    reading.read(message, depth=0)
    return Content(
        "\n\n".join(part for part in reading.texts if part.strip())[:LONGEST_TEXT],
        "\n\n".join(reading.passed_on)[:LONGEST_TEXT],
        tuple(reading.files[:MOST_FILES]),
    )


def payload(part: Message) -> bytes:
    """A part's bytes, its transfer encoding undone as far as it can be."""
    data = _tried(lambda: part.get_payload(decode=True))
    if isinstance(data, bytes):
        return data
    raw = part.get_payload()
    return raw.encode("utf-8", "replace") if isinstance(raw, str) else b""


def decoded(data: bytes, encoding: str) -> bytes:
    """A part's bytes as its sender had them, of the bytes on their way."""
    part = Message(policy=BOUNDED)
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(data.decode("ascii", "surrogateescape"))
    return payload(part)


def part_text(part: Message) -> str:
    """A text part's characters; ``format=flowed`` is undone."""
    text = text_of(payload(part), _parameter(part, "charset"))
    if (_parameter(part, "format") or "").lower() == "flowed":
        return _unflowed(text, delsp=(_parameter(part, "delsp") or "").lower() == "yes")
    return text


def kind(part: Message) -> str:
    """The media type in small letters."""
    found = _tried(lambda: part.get_content_type().lower())
    return found if found is not None and len(found) <= LONGEST_KIND else _UNKNOWN


def _tried(read: Callable[[], _T]) -> _T | None:
    """What the library makes of a part; None where it fails on one that breaks the rules."""
    try:
        return read()
    except (ValueError, TypeError, LookupError, AttributeError):
        return None


class _Bounded(Compat32):
    """The policy of mail from outside: no header has more characters than are read."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: _LONGEST_PARAMETERS if name.lower().startswith("content-") else _LONGEST_VALUE]


BOUNDED: Final = _Bounded()


class _Part(Message):
    """A part that knows how deep it is: the library compares each line with the boundary of every part around it."""

    def __init__(self, policy: Compat32) -> None:
        super().__init__(policy)
        self._depth = 0

    def attach(self, payload: Message) -> None:  # type: ignore[override]
        if isinstance(payload, _Part):
            payload._depth = self._depth + 1
            if payload._depth > _DEEPEST_OPENED:
                raise InvalidInput(f"This e-mail has more than {_DEEPEST_OPENED} layers.")
        super().attach(payload)


class _Reading:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.passed_on: list[str] = []
        self.files: list[PartFile] = []
        self._left = _MOST_PARTS

    def read(self, part: Message, depth: int) -> None:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return
        media_type = kind(part)
        if media_type == "message/rfc822" and part.is_multipart():
            self._forwarded(part, depth)
        elif media_type == "multipart/alternative" and part.is_multipart():
            self._alternative(part, depth)
        elif part.is_multipart():
            for child in _children(part):
                self.read(child, depth + 1)
        elif media_type not in SEALS:
            self._leaf(part, media_type)

    def _alternative(self, part: Message, depth: int) -> None:
        """The plain text where it says something, otherwise the richest form (RFC 2046, section 5.1.4: the last one)."""
        shown = False
        children = list(_children(part))
        plain = next((one for one in children if kind(one) == "text/plain" and part_text(one).strip()), None)
        for child in [*([plain] if plain is not None else []), *reversed(children)]:
            text = not child.is_multipart() and kind(child).startswith("text/")
            if text and kind(child) != "text/calendar":
                if not shown and part_text(child).strip():
                    self.read(child, depth + 1)
                    shown = True
                continue
            if not child.is_multipart():
                self.read(child, depth + 1)
                continue
            before = len(self.texts)
            self.read(child, depth + 1)
            if shown:
                del self.texts[before:]
            shown = shown or len(self.texts) > before

    def _forwarded(self, part: Message, depth: int) -> None:
        inner = _Reading()
        inner._left = self._left
        for child in _children(part):
            inner.read(child, depth + 1)
            lines = [f"{name}: {header(child, name)}" for name in ("From", "Date", "Subject") if header(child, name)]
            body = "\n\n".join([*inner.texts, *inner.passed_on]).strip()
            self.passed_on.append("\n".join(["---------- Forwarded message ----------", *lines, "", body]).strip())
        self.files.extend(inner.files)
        self._left = inner._left

    def _leaf(self, part: Message, media_type: str) -> None:
        attached = (part.get_content_disposition() or "") == "attachment"
        name = file_name(part)
        if media_type in _TNEF or (name or "").lower() == "winmail.dat":
            self._winmail(part, name)
        elif media_type == "text/calendar":
            self._calendar(part, name)
        elif media_type in ("text/plain", "text/html") and not attached and not (name and media_type == "text/html"):
            text = part_text(part)
            self.texts.append(html_to_text(text) if media_type == "text/html" else text)
        else:
            self._file(part, media_type, name)

    def _file(self, part: Message, media_type: str, name: str | None) -> None:
        data = payload(part)
        inline = bool(part.get("Content-ID")) and media_type.startswith("image/")
        if data and not (inline and len(data) < _SPACER):
            self.files.append(PartFile(name or named(media_type, len(self.files) + 1), media_type, data))

    def _calendar(self, part: Message, name: str | None) -> None:
        data = payload(part)
        said = calendar_text.summary(part_text(part))
        if said and said not in self.passed_on:
            self.passed_on.append(said)
        if data and not any(known.data == data for known in self.files):
            self.files.append(PartFile(name or "invite.ics", "text/calendar", data))

    def _winmail(self, part: Message, name: str | None) -> None:
        unpacked = winmail.unpacked(payload(part))
        if unpacked is None:
            self._file(part, "application/ms-tnef", name or "winmail.dat")
            return
        if not any(text.strip() for text in self.texts) and unpacked.text.strip():
            self.texts.append(unpacked.text)
        self.files.extend(unpacked.files)


def _children(part: Message) -> Iterator[Message]:
    inner = part.get_payload()
    if isinstance(inner, list):
        yield from (child for child in inner if isinstance(child, Message))


def _parameter(part: Message, name: str) -> str | None:
    value = _tried(lambda: part.get_param(name))
    if isinstance(value, tuple):
        return collapse_rfc2231_value(value)
    return value or None


def file_name(part: Message) -> str | None:
    """What its sender calls it, without a path."""
    name = _tried(part.get_filename)
    shown = words(str(name)).replace("\\", "/").rpartition("/")[2].strip() if name else ""
    return clean(shown)[-LONGEST_NAME:] or None


def named(media_type: str, number: int) -> str:
    """For a file without a name of its own."""
    return f"file-{number}{mimetypes.guess_extension(media_type) or ''}"


def _unflowed(text: str, *, delsp: bool) -> str:
    """RFC 3676, section 4: a line that ends with a space goes on in the next one of the same depth of quotation."""
    paragraphs: list[list[str]] = []
    joins = False
    depth = 0
    for line in text.split("\n"):
        marks = len(line) - len(line.lstrip(">"))
        shown = line[marks:].removeprefix(" ")
        if joins and marks == depth and shown != "-- ":
            paragraphs[-1].append(shown)
        else:
            paragraphs.append([">" * marks + " " if marks else "", shown])
        depth = marks
        joins = shown.endswith(" ") and shown != "-- "
        if joins and delsp:
            paragraphs[-1][-1] = shown[:-1]
    return "\n".join(map("".join, paragraphs))
