"""Markdown as a person reads it on a terminal: no marks, but the lists, the code and every link's address."""

from __future__ import annotations

import re

from channels.markdown.parse import parse
from channels.markdown.plain import PlainDialect
from channels.markdown.write import write

_TERMINAL = PlainDialect(columns=80, code_indent="    ", rule_mark="—" * 20)
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters: an escape sequence out of a document must not reach a terminal."""


def harmless(text: str) -> str:
    """Text without characters that steer a terminal."""
    return _UNSHOWABLE.sub("", text.replace("\r\n", "\n"))


def plain(markdown: str) -> str:
    """The text of a Markdown document, every word of it."""
    return harmless(write(parse(harmless(markdown)), _TERMINAL))
