"""Cuts Markdown into blocks, keeping its own characters, and reads the settings at its head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert import audience
from knowledge.convert.data import load_yaml
from knowledge.documents import Block, BlockKind, UnreadableDocument

_PARSER = MarkdownIt("commonmark").enable("table")
_KINDS = {
    "table_open": BlockKind.TABLE,
    "fence": BlockKind.CODE,
    "code_block": BlockKind.CODE,
}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a Markdown file says about itself between two lines of dashes at its head."""

    title: str | None = None
    url: str | None = None
    category: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    language: str | None = None


def split_front_matter(text: str) -> tuple[FrontMatter, str]:
    """The head of a Markdown file, and the rest. Raises UnreadableDocument as split_head does, and where the rest speaks as a
    head does of being for staff: a second head is none.
    """
    head, rest, above = split_head(text)
    if audience.NAME in rest.lower():
        audience.refuse_further(rest, above, _code(rest))
    return head, rest


def split_head(text: str) -> tuple[FrontMatter, str, int]:
    """The head, the rest, and how many lines stand above the rest. Raises UnreadableDocument where a head that cannot be read
    speaks of an audience, where one that can be read does so where it is not heard, or names one that is none.
    """
    text = audience.lines_of(text)
    body = text.lstrip().lstrip("\ufeff")
    above = text[: len(text) - len(body)].count("\n") + 1
    first, _, rest = body.partition("\n")
    mark = first.rstrip()
    if mark not in {"---", "+++"}:
        audience.refuse_first_lines(text, any_audience=False)
        return FrontMatter(), text, 0
    lines = rest.split("\n")
    ends = {"---", "..."} if mark == "---" else {mark}
    end = next((number for number, line in enumerate(lines) if line.rstrip() in ends), None)
    head = "\n".join(lines[:end])
    values = _values(head, above) if mark == "---" and end is not None else None
    if isinstance(values, Mapping):
        found = _front_matter(values)
        if found.audience is not KnowledgeAudience.STAFF:
            audience.refuse_unheard(values, head, above)
            audience.refuse_misspelt(values)
        return found, "\n".join(lines[(end or 0) + 1 :]), above + (end or 0) + 1
    audience.refuse_head(head, above)
    return FrontMatter(), text, 0


def _code(text: str) -> list[range]:
    """Which lines, counted from 0, are examples in code."""
    tokens = _PARSER.parse(text)
    return [range(*token.map) for token in tokens if token.map and token.type in ("fence", "code_block")]


def _values(head: str, above: int) -> Any:
    try:
        return load_yaml(head)
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        where = f"line {mark.line + 1 + above}: " if mark else ""
        problem = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
        raise UnreadableDocument(f"{where}the settings at the head are not valid YAML: {problem}") from error


def _front_matter(values: Mapping[Any, Any]) -> FrontMatter:
    # "Audience: staff" is meant, too.
    said = (value for key, value in values.items() if audience.is_name(key))
    read_by = next((value for value in said if value != KnowledgeAudience.PUBLIC), KnowledgeAudience.PUBLIC)
    if read_by not in list(KnowledgeAudience):
        raise UnreadableDocument(f"'audience' at the head must be 'public' or 'staff', not {read_by!r}")

    def text(name: str) -> str | None:
        value = values.get(name)
        return str(value).strip() or None if value is not None else None

    language = language_code(text("language") or text("lang") or "")
    return FrontMatter(text("title"), text("url"), text("category"), KnowledgeAudience(read_by), language)


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
