"""Reads Telegram's HTML the way its server does, and refuses what it would refuse, and nesting that it would mend silently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

_TAG = re.compile(r"<(/?)([a-z-]+)((?:\s+[a-z-]+(?:=(?:\"[^\"<>]*\"|'[^'<>]*'))?)*)\s*>")
_ATTRIBUTE = re.compile(r"([a-z-]+)(?:=(?:\"([^\"]*)\"|'([^']*)'))?")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);")
_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}
_SOLID = {"code", "pre"}


class BadMarks(ValueError):
    """The message is the description that Telegram gives."""


@dataclass
class _Open:
    tag: str
    begins: int
    attributes: dict[str, str]


def read_html(written: str) -> tuple[str, list[dict[str, object]]]:
    """The text and its entities, counted in UTF-16 code units. Raises BadMarks."""
    text, at = "", 0
    stack: list[_Open] = []
    entities: list[dict[str, object]] = []
    while at < len(written):
        if written[at] == "<":
            match = _TAG.match(written, at)
            if match is None or match[2] not in _KINDS:
                raise _bad(f"unsupported start tag at byte offset {len(written[:at].encode())}")
            if match[1]:
                entities += _closed(stack, match[2], len(text.encode("utf-16-le")) // 2)
            else:
                stack.append(_opened(stack, match, len(text.encode("utf-16-le")) // 2))
            at = match.end()
            continue
        match = _ENTITY.match(written, at)
        if match is None and written[at] in "&>":
            raise _bad(f"character {written[at]!r} is reserved")
        text += unescape(match[0]) if match else written[at]
        at = match.end() if match else at + 1
    if stack:
        raise _bad(f'can\'t find end tag corresponding to start tag "{stack[-1].tag}"')
    return text, entities


def _opened(stack: list[_Open], match: re.Match[str], begins: int) -> _Open:
    tag = match[2]
    held = [one.tag for one in stack]
    if _SOLID & set(held) and not (held[-1] == "pre" and tag == "code"):
        raise _bad(f'"{held[-1]}" holds nothing')
    if tag in _SOLID and {"b", "i", "s", "u", "a"} & set(held):
        raise _bad(f'"{tag}" stands in no other mark')
    if tag in held:
        raise _bad(f'"{tag}" stands in itself')
    attributes = {name: unescape(one or other) for name, one, other in _ATTRIBUTE.findall(match[3])}
    if tag == "a" and not attributes.get("href", "").startswith(("http://", "https://", "tg://")):
        raise _bad('"a" leads nowhere')
    return _Open(tag, begins, attributes)


def _closed(stack: list[_Open], tag: str, ends: int) -> list[dict[str, object]]:
    if not stack or stack[-1].tag != tag:
        raise _bad(f'unmatched end tag "{tag}"')
    open_ = stack.pop()
    entity: dict[str, object] = {"type": _KINDS[tag], "offset": open_.begins, "length": ends - open_.begins}
    if tag == "a":
        entity["url"] = open_.attributes["href"]
    return [entity] if ends > open_.begins else []


def _bad(reason: str) -> BadMarks:
    return BadMarks(f"Bad Request: can't parse entities: {reason}")
