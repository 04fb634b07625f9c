"""Prepares HTML for Python's own parser, which takes quadratic time over tags that nothing closes."""

from __future__ import annotations

import re

_BEGINS = re.compile(r"<(?=[a-zA-Z/!?])")
_COMMENT, _COMMENT_END = "<!--", "-->"
_SECTION = "<!["


def escape_unclosed(text: str) -> str:
    """The text in which each tag and comment that nothing closes is escaped, so that it is read as text."""
    place = text.rfind(_COMMENT_END)
    text = text[: place + 1] + text[place + 1 :].replace(_COMMENT, "&lt;!--").replace(_SECTION, "&lt;![")
    last = text.rfind(">") + 1
    return text[:last] + _BEGINS.sub("&lt;", text[last:])
