"""The inside of a paragraph: which characters are bold, code, a link."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from markdown_it.token import Token

from channels.markdown.tree import Bold, Break, Code, Inline, Italic, Link, Strike, Text

_MARKS: dict[str, type[Bold | Italic | Strike]] = {"strong": Bold, "em": Italic, "s": Strike}
_ALLOWED = re.compile(r"(?:https?://|mailto:|tel:).", re.IGNORECASE)
_BARE = re.compile(r"(?<![\w/])https?://[^\s<>\x00-\x1f]+", re.IGNORECASE)
_AFTER = ".,;:!?'\"*_~»”’。，！？"
_PAIRS = {")": "(", "]": "[", "}": "{"}

Normalize = Callable[[str], str]


@dataclass(slots=True)
class _Open:
    """A mark whose end has not come yet. ``kind`` is None for one that adds nothing: bold in bold, a refused link."""

    kind: type[Bold | Italic | Strike | Link] | None = None
    url: str = ""
    children: list[Inline] = field(default_factory=list)


def runs(tokens: Sequence[Token], normalize: Normalize) -> tuple[Inline, ...]:
    """The tree of a paragraph's tokens. Marks never stand in their like, so it is at most four levels deep."""
    opened = [_Open()]
    for token in tokens:
        if token.nesting == 1:
            opened.append(_opening(token, opened))
        elif token.nesting == -1:
            done = opened.pop()
            _append(opened[-1].children, _closed(done))
        else:
            _append(opened[-1].children, _leaf(token, opened, normalize))
    return tuple(opened[0].children)


def is_allowed(url: str) -> bool:
    """Whether a link may lead there from a customer's screen."""
    return _ALLOWED.match(url) is not None


def _opening(token: Token, opened: Sequence[_Open]) -> _Open:
    kinds = {mark.kind for mark in opened}
    if token.type == "link_open":
        url = str(token.attrGet("href") or "")
        return _Open(Link, url) if is_allowed(url) and Link not in kinds else _Open()
    kind = _MARKS.get(token.tag)
    return _Open(None if kind in kinds else kind)


def _closed(mark: _Open) -> Sequence[Inline]:
    children = tuple(mark.children)
    if mark.kind is None:
        return children
    if mark.kind is Link:
        return [Link(children if _reads(children, mark.url) else (Text(mark.url),), mark.url)]
    return [mark.kind(children)] if children else ()  # type: ignore[call-arg]


def _reads(children: Sequence[Inline], url: str) -> bool:
    """No: no text at all, or an address whose encoded spaces were decoded for show, so that it cannot be copied."""
    match children:
        case []:
            return False
        case [Text(text)]:
            return not (is_allowed(text) and " " in text and text.replace(" ", "%20") == url)
        case _:
            return True


def _leaf(token: Token, opened: Sequence[_Open], normalize: Normalize) -> Sequence[Inline]:
    in_link = any(mark.kind is Link for mark in opened)
    match token.type:
        case "softbreak" | "hardbreak":
            return [Break()]
        case "code_inline":
            return [Code(token.content)] if token.content else ()
        case "image":
            return _image(token, in_link=in_link)
        case _:
            return [Text(token.content)] if in_link else _linked(token.content, normalize)


def _image(token: Token, *, in_link: bool) -> Sequence[Inline]:
    url = str(token.attrGet("src") or "")
    label = "".join("\n" if child.type.endswith("break") else child.content for child in token.children or [])
    if in_link or not is_allowed(url):
        return [Text(label)] if label else ()
    return [Link((Text(label or url),), url)]


def _linked(text: str, normalize: Normalize) -> Sequence[Inline]:
    """Addresses that were typed without marks become links, without the punctuation of the sentence around them."""
    parts: list[Inline] = []
    at = 0
    for match in _BARE.finditer(text):
        address = _without_punctuation(match[0])
        if not address.split("//", 1)[1]:
            continue
        if match.start() > at:
            parts.append(Text(text[at : match.start()]))
        parts.append(Link((Text(address),), normalize(address)))
        at = match.start() + len(address)
    if at < len(text):
        parts.append(Text(text[at:]))
    return parts


def _without_punctuation(address: str) -> str:
    """A closing bracket belongs to the address when the address opens it."""
    surplus = {closing: address.count(closing) - address.count(opening) for closing, opening in _PAIRS.items()}
    end = len(address)
    while end and (address[end - 1] in _AFTER or surplus.get(address[end - 1], 0) > 0):
        end -= 1
        if address[end] in surplus:
            surplus[address[end]] -= 1
    return address[:end]


def _append(children: list[Inline], new: Sequence[Inline]) -> None:
    for run in new:
        if isinstance(run, Text) and children and isinstance(children[-1], Text):
            children[-1] = Text(children[-1].text + run.text)
        else:
            children.append(run)
