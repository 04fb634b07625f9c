"""Cuts Markdown into blocks, keeping its own characters, and reads the settings at its head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.data import load_yaml
from knowledge.documents import Block, BlockKind, UnreadableDocument

_PARSER = MarkdownIt("commonmark").enable("table")
_KINDS = {
    "table_open": BlockKind.TABLE,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
}

_AUDIENCE = re.compile(r"^[\s\"':{-]*audience[\"']?\s*[:=]", re.IGNORECASE | re.MULTILINE)
_FOR_STAFF = re.compile(_AUDIENCE.pattern + r"[\s\"']*staff\b", _AUDIENCE.flags)
_HEAD_LINES = 100
"""Of a head that has no end so many lines are looked at."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a Markdown file says about itself between two lines of dashes at its head."""

    title: str | None = None
    url: str | None = None
    category: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    language: str | None = None


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The head and the rest. Raises UnreadableDocument where a head that cannot be read speaks of an audience, or names one that
    is none: it must never be guessed.
    """
    text = text.removeprefix("\ufeff")
    first, _, rest = text.lstrip().partition("\n")
    mark = first.rstrip()
    if mark not in {"---", "+++"}:
        if _speaks_of_audience(text, _FOR_STAFF):
            raise UnreadableDocument(_UNHEARD)
        return FrontMatter(), text
    lines = rest.split("\n")
    ends = {"---", "..."} if mark == "---" else {mark}
    end = next((number for number, line in enumerate(lines) if line.rstrip() in ends), None)
    head = "\n".join(lines[: _HEAD_LINES if end is None else end])
    values = _values(head) if mark == "---" and end is not None else None
    if isinstance(values, Mapping):
        return _front_matter(values), "\n".join(lines[(end or 0) + 1 :])
    if _AUDIENCE.search(head):
        raise UnreadableDocument(_UNHEARD)
    return FrontMatter(), text


def refuse_audience(text: str) -> None:
    """For files of which no settings are read. Raises UnreadableDocument where the first lines say for whom it is."""
    if _speaks_of_audience(text):
        raise UnreadableDocument(UNREAD_AUDIENCE)


def _speaks_of_audience(text: str, words: re.Pattern[str] = _AUDIENCE) -> bool:
    head = text.removeprefix("\ufeff").lstrip().split("\n\n", 1)[0]
    return words.search("\n".join(head.split("\n")[:_HEAD_LINES])) is not None


_UNHEARD = "the settings at the head name an 'audience' and cannot be read: they stand between two lines of '---'"
UNREAD_AUDIENCE = (
    "its head names an 'audience', which is read in Markdown and FAQ files alone:"
    " make it one of these, or put it into a source for staff"
)


def _values(head: str) -> Any:
    try:
        return load_yaml(head)
    except yaml.YAMLError as error:
        raise UnreadableDocument(f"the settings at the head are not valid YAML: {error}") from error


def _front_matter(values: Mapping[Any, Any]) -> FrontMatter:
    # "Audience: staff" is meant, too.
    said = (value for key, value in values.items() if str(key).strip().lower() == "audience")
    audience = next((value for value in said if value != KnowledgeAudience.PUBLIC), KnowledgeAudience.PUBLIC)
    if audience not in list(KnowledgeAudience):
        raise UnreadableDocument(f"'audience' at the head must be 'public' or 'staff', not {audience!r}")

    def text(name: str) -> str | None:
        value = values.get(name)
        return str(value).strip() or None if value is not None else None

    language = language_code(text("language") or text("lang") or "")
    return FrontMatter(text("title"), text("url"), text("category"), KnowledgeAudience(audience), language)


def language_code(said: str) -> str | None:
    """The two letters (ISO 639-1) at the head of a language tag such as ``de-AT`` (RFC 5646); None for what is none."""
    code = said.strip().lower().replace("_", "-").partition("-")[0]
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def blocks_of(text: str, *, page: int | None = None) -> list[Block]:
    """Headings, paragraphs, lists, tables and code in order. Every character that is not white space is in one block."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    lines = text.split("\n")
    blocks: list[Block] = []
    reached = 0
    tokens = _PARSER.parse(text)
    for token, following in zip_longest(tokens, tokens[1:]):
        if token.level or not token.map or token.nesting < 0:
            continue
        start, end = token.map
        blocks.extend(_between(lines, reached, start, page))
        if token.type == "heading_open" and following is not None:
            blocks.append(_heading(token, following.content, page))
        else:
            body = "\n".join(lines[start:end]).strip("\n")
            blocks.append(Block(_KINDS.get(token.type, BlockKind.TEXT), body, page=page))
        reached = end
    blocks.extend(_between(lines, reached, len(lines), page))
    return blocks


def _between(lines: list[str], start: int, end: int, page: int | None) -> list[Block]:
    """Lines that the parser gives to no block, such as link definitions."""
    text = "\n".join(lines[start:end]).strip("\n")
    return [Block(BlockKind.TEXT, text, page=page)] if text.strip() else []


def _heading(token: Token, text: str, page: int | None) -> Block:
    return Block(BlockKind.HEADING, " ".join(text.split()), level=int(token.tag[1:]), page=page)
