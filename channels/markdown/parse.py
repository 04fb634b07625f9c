"""Markdown to a tree. Every character that is not a mark stays: raw HTML is text, and what is nested too deep is, too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, paragraph
from markdown_it.token import Token

from channels.markdown.runs import runs
from channels.markdown.tree import (
    Align,
    Cell,
    CodeBlock,
    Document,
    Heading,
    Item,
    Items,
    Paragraph,
    Quote,
    Row,
    Rule,
    Table,
)

_DEEPEST = 40
"""Levels of lists and quotes; beyond them the marks are shown as they were typed. A list counts twice."""
_ALIGNS = {f"text-align:{align.value}": align for align in Align}


class _Parser(MarkdownIt):
    """CommonMark with tables and strikethrough. Reference definitions are off: they would hide what somebody wrote."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "maxNesting": 2 * _DEEPEST + 20})
        self.enable(["table", "strikethrough"]).disable("reference")
        self.block.ruler.before("table", "too_deep", _too_deep)

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """All: a link that is not wanted is taken apart later, so that its text is not shown with its marks."""
        return True


def _too_deep(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return not silent and state.level >= _DEEPEST and paragraph(state, start, end, False)


_PARSER = _Parser()
_WITHOUT_LINKS = _Parser().disable(["link", "image"])
_MANY_BRACKETS = 2000
"""Looking for a link costs a walk to the end at each opening bracket; nobody writes so many links, only attackers."""


def _tokens(text: str) -> list[Token]:
    parser = _PARSER if text.count("[") <= _MANY_BRACKETS else _WITHOUT_LINKS
    return parser.parse(text)


def parse(text: str) -> Document:
    """The blocks of a text; none for a text of white space only. Never raises."""
    return _Builder().build(_tokens(text))


def open_fence(text: str) -> str | None:
    """The line that closes a code block in which a text ends, or None: what is appended would become code."""
    tokens = _tokens(text)
    if not tokens or tokens[-1].type != "fence" or tokens[-1].map is None:
        return None
    fence = tokens[-1].markup
    first, after = tokens[-1].map
    last = text.splitlines()[first:after][-1].strip()
    closed = after - first > 1 and len(last) >= len(fence) and not last.strip(fence[0])
    return None if closed else fence


@dataclass(slots=True)
class _Frame:
    """A container whose end has not come yet."""

    token: Token | None
    children: list[Any] = field(default_factory=list)


class _Builder:
    """Closes containers as their tokens close; no recursion, so depth costs nothing."""

    def __init__(self) -> None:
        self._frames = [_Frame(None)]

    def build(self, tokens: Sequence[Token]) -> Document:
        """The tree of a whole token stream."""
        for token in tokens:
            if token.nesting == 1:
                self._frames.append(_Frame(token))
            elif token.nesting == -1:
                self._close(self._frames.pop())
            else:
                self._leaf(token)
        return tuple(self._frames[0].children)

    def _leaf(self, token: Token) -> None:
        children = self._frames[-1].children
        match token.type:
            case "inline":
                children.extend(runs(token.children or [], _PARSER.normalizeLink))
            case "fence" | "code_block":
                language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
                children.append(CodeBlock(token.content.removesuffix("\n"), language))
            case "hr":
                children.append(Rule())

    def _close(self, frame: _Frame) -> None:
        assert frame.token is not None
        make = _MAKERS.get(frame.token.type)
        made = tuple(frame.children) if make is None else make(frame.token, tuple(frame.children))
        self._frames[-1].children.extend(made)


def _paragraph(token: Token, children: tuple[Any, ...]) -> tuple[Any, ...]:
    return (Paragraph(children, tight=token.hidden),) if children else ()


def _heading(token: Token, children: tuple[Any, ...]) -> tuple[Any, ...]:
    return (Heading(children, int(token.tag[1:])),) if children else ()


def _cell(token: Token, children: tuple[Any, ...]) -> tuple[Any, ...]:
    return (Cell(children, _ALIGNS.get(str(token.attrGet("style")))),)


def _items(token: Token, items: tuple[Any, ...]) -> tuple[Any, ...]:
    tight = not any(isinstance(block, Paragraph) and not block.tight for item in items for block in item.children)
    if token.type == "bullet_list_open":
        return (Items(items, tight),)
    given = token.attrGet("start")
    start = 1 if given is None else int(given)
    return (Items(tuple(replace(item, number=number) for number, item in enumerate(items, start)), tight),)


_Make = Callable[[Token, tuple[Any, ...]], tuple[Any, ...]]
_MAKERS: dict[str, _Make] = {
    "paragraph_open": _paragraph,
    "heading_open": _heading,
    "blockquote_open": lambda _, children: (Quote(children),),
    "list_item_open": lambda _, children: (Item(children),),
    "bullet_list_open": _items,
    "ordered_list_open": _items,
    "th_open": _cell,
    "td_open": _cell,
    "tr_open": lambda _, children: (Row(children),),
    "table_open": lambda _, children: (Table(children),),
}
"""What each container becomes; those that are not named here only hand on what they hold."""
