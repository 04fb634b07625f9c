"""What an answer rests on, written under it: for channels that show text only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import regex

from channels.markdown.parse import open_fence, parse
from channels.markdown.tree import Break, Code, CodeBlock, Document, Link, Node, Rule, Text
from core.domain.messages import Citation

_MARKER = re.compile(r"\[(\^?\d{1,4}(?:\s*[,;]\s*\^?\d{1,4})*)\]|【(\d{1,4})[^】\n]{0,20}】")
_NUMBER = re.compile(r"\d+")
_MARK = re.compile(r"([\\`*_{}\[\]()<>~|&!#])")
_WEB = re.compile(r"https?://.", re.IGNORECASE)
_CLUSTER = regex.compile(r"\X")
_ADDRESS_CHARACTERS = "!#$%&'()*+,/:;=?@[]-._~"
_SHORT_TITLE = 60


@dataclass(frozen=True, slots=True)
class _Words:
    sources: str
    page: str


_WORDS = {
    "en": _Words("Sources", "p. {}"),
    "de": _Words("Quellen", "S. {}"),
    "fr": _Words("Sources", "p. {}"),
    "es": _Words("Fuentes", "pág. {}"),
    "ar": _Words("المصادر", "ص {}"),
}


def with_sources(text: str, citations: Sequence[Citation], locale: str | None) -> str:
    """Markdown with a list of sources under it: number, title (a link where there is one), section or else page.

    ``[n]`` in the text refers to the n-th citation. Only those that the text refers to, or all when it refers to none.
    Markers stay. ``locale`` is a language tag (``de-AT``); an unknown language gets English.
    """
    words = _words(locale)
    return _appended(text, citations, f"**{words.sources}**", lambda number, it: _line(number, it, words))


def compact(text: str, citations: Sequence[Citation], locale: str | None) -> str:
    """Like `with_sources` in as few characters as will do (SMS): one line per source, with a short title."""
    words = _words(locale)
    return _appended(text, citations, "", lambda number, it: _short_line(number, it, words))


def referred(document: Document, citations: Sequence[Citation]) -> list[tuple[int, Citation]]:
    """The citations that belong under a text that has been parsed, with their numbers."""
    numbers = {int(number) for run in _prose(document) for number in _numbers(run)}
    numbered = list(enumerate(citations, 1))
    return [pair for pair in numbered if pair[0] in numbers] or numbered


def _appended(text: str, citations: Sequence[Citation], title: str, line: Callable[[int, Citation], str]) -> str:
    sources = referred(parse(text), citations)
    if not sources:
        return text
    fence = open_fence(text)
    body = text.rstrip() if fence is None else f"{text.rstrip()}\n{fence}"
    lines = [line(number, citation) for number, citation in sources]
    below = "  \n".join([title, *lines] if title else lines)
    return f"{body}\n\n{below}" if body else below


def _line(number: int, citation: Citation, words: _Words) -> str:
    title = _escaped(_title(citation))
    if citation.url and _WEB.match(citation.url):
        title = f"[{title}](<{_address(citation.url)}>)"
    place = _escaped(_place(citation, words))
    return f"[{number}] {title}, {place}" if place else f"[{number}] {title}"


def _short_line(number: int, citation: Citation, words: _Words) -> str:
    parts = [_escaped(_shortened(_title(citation)))]
    if citation.page is not None:
        parts.append(_escaped(words.page.format(citation.page)))
    line = f"[{number}] {', '.join(parts)}"
    return f"{line} <{_address(citation.url)}>" if citation.url and _WEB.match(citation.url) else line


def _words(locale: str | None) -> _Words:
    language = re.split(r"[-_]", locale or "", maxsplit=1)[0].lower()
    return _WORDS.get(language, _WORDS["en"])


def _title(citation: Citation) -> str:
    return _one_line(citation.title) or _one_line(citation.source) or citation.id


def _place(citation: Citation, words: _Words) -> str:
    section = _one_line(citation.section or "")
    if section and section != _title(citation):
        return section
    return words.page.format(citation.page) if citation.page is not None else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shortened(title: str) -> str:
    clusters = _CLUSTER.findall(title)
    return title if len(clusters) <= _SHORT_TITLE else "".join(clusters[: _SHORT_TITLE - 1]).rstrip() + "…"


def _escaped(text: str) -> str:
    return _MARK.sub(r"\\\1", text)


def _address(url: str) -> str:
    return quote(url, safe=_ADDRESS_CHARACTERS)


def _numbers(text: str) -> Iterator[str]:
    for match in _MARKER.finditer(text):
        yield from _NUMBER.findall(match[1] or match[2])


def _prose(nodes: Iterable[Node]) -> Iterator[str]:
    """The text outside code and links: a marker there is none."""
    for node in nodes:
        if isinstance(node, Text):
            yield node.text
        elif not isinstance(node, Code | CodeBlock | Break | Rule | Link):
            yield from _prose(node.children)
