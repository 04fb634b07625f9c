"""HTML of e-mails to text that reads like a plain e-mail: quotations become ``>`` lines, so that one rule cuts both."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

from bs4 import BeautifulSoup, Comment, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.element import NavigableString, PageElement

from channels.email.charset import clean

_LARGEST = 1_000_000
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr "
        "li main nav ol p pre section table tbody thead tr ul",
    )
)
_APART = frozenset(["p", "blockquote", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre"])
_SILENT = frozenset(("style", "script", "head", "title", "meta", "link", "template", "noscript", "o:p"))
_TAGS = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_MANY_LINES = re.compile(r"\n{3,}")
_SCHEME = re.compile(r"(?i)(?:https?|mailto|tel):")


def html_to_text(html: str) -> str:
    """Links keep their address where it says more than their text. Never raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        try:
            soup = BeautifulSoup(html[:_LARGEST], "html.parser")
            text = _Writer().write(soup)
        except (RecursionError, ValueError, AssertionError):  # too deep, or what the parser gives up on
            text = _TAGS.sub(" ", html[:_LARGEST])
    return clean(_MANY_LINES.sub("\n\n", text)).strip("\n")


class _Writer:
    """Walks without recursion: mail nests tables without end."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line = ""
        self._depth = 0
        self._pre = 0

    def write(self, soup: BeautifulSoup) -> str:
        for node, opens in _walk(soup):
            if isinstance(node, NavigableString):
                self._text(str(node))
            elif isinstance(node, Tag):
                (self._open if opens else self._close)(node)
        self._break()
        return "\n".join(self._lines)

    def _text(self, text: str) -> None:
        if self._pre:
            first, *others = text.split("\n")
            self._line += first
            for line in others:
                self._break(always=True)
                self._line += line
            return
        text = _SPACES.sub(" ", text).replace("\xa0", " ")
        self._line += text.lstrip(" ") if not self._line.strip() else text

    def _open(self, tag: Tag) -> None:
        name = tag.name
        if name == "br":
            self._break(always=True)
        elif name == "hr":
            self._break()
            self._lines.append(self._prefix() + "-" * 32)
        elif name == "img":
            self._text(str(tag.get("alt") or ""))
        elif name in _BLOCKS:
            self._break()
            self._space(name)
        if name == "li":
            self._line = "- "
        if name == "blockquote":
            self._depth += 1
        self._pre += name == "pre"

    def _close(self, tag: Tag) -> None:
        name = tag.name
        if name == "a":
            self._address(tag)
        if name in ("td", "th"):
            self._line += " "
            return
        if name in _BLOCKS:
            self._break()
        if name == "blockquote":
            self._depth -= 1
        if name in _BLOCKS:
            self._space(name)
        self._pre -= name == "pre"

    def _address(self, tag: Tag) -> None:
        address = str(tag.get("href") or "").strip()
        label = tag.get_text().strip()
        bare = re.sub(r"(?i)^(?:mailto|tel):", "", address)
        if _SCHEME.match(address) and label and bare.rstrip("/") not in label and label not in address:
            self._line += f" <{bare}>"

    def _space(self, name: str) -> None:
        if name in _APART and self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._prefix().rstrip())

    def _break(self, *, always: bool = False) -> None:
        line = self._line if self._pre else self._line.strip()
        if line.strip() or always:
            self._lines.append((self._prefix() + line).rstrip())
        self._line = ""

    def _prefix(self) -> str:
        return "> " * min(self._depth, 8)


def _walk(soup: BeautifulSoup) -> Iterator[tuple[PageElement, bool]]:
    """Every node as it opens, and every element again as it closes."""
    stack: list[tuple[PageElement, bool]] = [(soup, True)]
    while stack:
        node, opens = stack.pop()
        if isinstance(node, Comment) or (isinstance(node, Tag) and (node.name in _SILENT or _hidden(node))):
            continue
        if isinstance(node, NavigableString) and type(node) is not NavigableString:
            continue  # declarations, stylesheets
        yield node, opens
        if isinstance(node, Tag) and opens:
            stack.append((node, False))
            stack.extend((child, True) for child in reversed(node.contents))


def _hidden(tag: Tag) -> bool:
    style = tag.get("style")
    return isinstance(style, str) and "display:none" in style.replace(" ", "").lower()
