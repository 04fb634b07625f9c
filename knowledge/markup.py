"""Markup as Python's own parser of HTML reads it in one pass: at each tag that nothing closes, it looks to the end."""

from __future__ import annotations

import re

_BEGINS = re.compile(r"<(?=[a-zA-Z/!?])")
_COMMENT, _COMMENT_END = "<!--", "-->"
_SECTION = "<!["


def closed(text: str) -> str:
    """The text with every tag and comment that nothing closes as the characters that it is made of."""
    place = text.rfind(_COMMENT_END)
    text = text[: place + 1] + text[place + 1 :].replace(_COMMENT, "&lt;!--").replace(_SECTION, "&lt;![")
    last = text.rfind(">") + 1
    return text[:last] + _BEGINS.sub("&lt;", text[last:])
