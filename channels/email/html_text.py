"""HTML of e-mails to text that reads like a plain e-mail: quotations become ``>`` lines, so that one rule cuts both.

libxml2 reports tags and text while it reads; no tree is built. Its time grows with the number of open elements times the number
of closing tags that match none of them, so pages that nest deeper than any program writes are not parsed: their tags are cut out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree  # type: ignore[import-untyped]

from channels.email.charset import clean

_LARGEST = 1_000_000
_DEEPEST = 1_000
_PIECE = 10_000
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr "
        "li main nav ol p pre section table tbody thead tr ul",
    )
)
_APART = frozenset(["p", "blockquote", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "pre"])
_SILENT = frozenset(("style", "script", "head", "title", "meta", "link", "template", "noscript", "o:p"))
_PARAGRAPH_ENDS = re.compile(r"(?i)</p\s{0,9}>")
_TAGS = re.compile(r"<[^<>]*>")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_END_AND_NEW_LINE = "</p><p></p>"
"""libxml2 passes over an end that matches no open paragraph, which browsers show as an empty one (HTML 13.2.6.4.7)."""
_MANY_LINES = re.compile(r"\n{3,}")
_SCHEME = re.compile(r"(?i)(?:https?|mailto|tel):")
_SHOWN = re.compile(r"(?i)^(?:https?://|mailto:|tel:)")
_CALLING = re.compile(r"(?i)^(?:mailto|tel):")


def html_to_text(html: str) -> str:
    """Links keep their address where it says more than their text. Never raises."""
    html = html[:_LARGEST]
    try:
        parser = etree.HTMLParser(target=_Writer(), huge_tree=True)
        page = _PARAGRAPH_ENDS.sub(_END_AND_NEW_LINE, html)
        for start in range(0, len(page), _PIECE):  # what a target raises ends the parsing with its piece
            parser.feed(page[start : start + _PIECE])
        text: str = parser.close()
    except (etree.LxmlError, ValueError):  # too deep, or what the parser gives up on
        text = _SPACES.sub(" ", _TAGS.sub(" ", html)).strip()
    return clean(_MANY_LINES.sub("\n\n", text)).strip("\n")


class _TooDeep(ValueError):
    """More open elements than a mail program writes."""


class _Writer:
    """The target of the parser: its methods are called in the order of the page."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._says = False
        self._quotes = 0
        self._pre = 0
        self._depth = 0
        self._silent_from = 0
        self._links: list[tuple[str, list[str]]] = []
        self._pieces: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element opens."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _TooDeep
        if self._silent_from:
            return
        self._flush()
        if name in _SILENT or _is_hidden(attributes):
            self._silent_from = self._depth
            return
        if name == "a":
            self._links.append((attributes.get("href", ""), []))
        self._open(name, attributes)

    def end(self, name: str) -> None:
        """An element closes, also one that the page forgot to close."""
        self._depth -= 1
        if self._silent_from:
            if self._depth < self._silent_from:
                self._silent_from = 0
            return
        self._flush()
        self._close(name)

    def data(self, text: str) -> None:
        """Text between two tags, or a piece of it: entities come by themselves."""
        if not self._silent_from:
            self._pieces.append(text)

    def close(self) -> str:
        """The page's text."""
        self._flush()
        self._break()
        return "\n".join(self._lines)

    def _flush(self) -> None:
        text, self._pieces = "".join(self._pieces), []
        if self._links:
            self._links[-1][1].append(text)
        if text:
            self._text(text)

    def _text(self, text: str) -> None:
        if self._pre:
            first, *others = text.split("\n")
            self._add(first)
            for line in others:
                self._break(always=True)
                self._add(line)
            return
        text = _SPACES.sub(" ", text).replace("\xa0", " ")
        self._add(text if self._says else text.lstrip(" "))

    def _add(self, text: str) -> None:
        self._line.append(text)
        self._says = self._says or bool(text.strip())

    def _open(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "br":
            self._break(always=True)
        elif name == "hr":
            self._break()
            self._lines.append(self._prefix() + "-" * 32)
        elif name == "img":
            self._text(attributes.get("alt", ""))
        elif name in _BLOCKS:
            self._break()
            self._space(name)
        if name == "li":
            self._line, self._says = ["- "], True
        self._quotes += name == "blockquote"
        self._pre += name == "pre"

    def _close(self, name: str) -> None:
        if name == "a":
            self._address(*self._links.pop())
        if name in ("td", "th"):
            self._line.append(" ")
            return
        if name in _BLOCKS:
            self._break()
        self._quotes -= name == "blockquote"
        if name in _BLOCKS:
            self._space(name)
        self._pre -= name == "pre"

    def _address(self, address: str, texts: list[str]) -> None:
        address, label = address.strip(), "".join(texts).strip()
        if _SCHEME.match(address) and label and not _tells_where(label, address):
            self._add(f" <{_CALLING.sub('', address)}>")

    def _space(self, name: str) -> None:
        if name in _APART and self._lines and self._lines[-1].strip("> "):
            self._lines.append(self._prefix().rstrip())

    def _break(self, *, always: bool = False) -> None:
        if self._says or always:
            line = "".join(self._line)
            self._lines.append((self._prefix() + (line if self._pre else line.strip())).rstrip())
        self._line, self._says = [], False

    def _prefix(self) -> str:
        return "> " * min(self._quotes, 8)


def _tells_where(label: str, address: str) -> bool:
    """Whether a link's label is its address, or the beginning of that with all of its host.

    A label that only holds the address, or a piece of it, may look like another one, as in phishing.
    """
    shown, whole = (_SHOWN.sub("", one).rstrip("/").lower() for one in (label, address))
    return shown == whole or (whole.startswith(shown) and whole[len(shown)] in "/?#")


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return "display:none" in attributes.get("style", "").replace(" ", "").lower()
