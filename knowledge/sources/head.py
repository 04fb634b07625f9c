"""What a web page says to machines: where it leads, what it is called by, and what it asks crawlers to leave."""

from __future__ import annotations

import re
from codecs import BOM_UTF8, lookup
from dataclasses import dataclass, field
from html.parser import HTMLParser

from knowledge.markup import escape_unclosed
from knowledge.sources.address import normal

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_REFRESH = re.compile(r"\s*(\d+)[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?[\"']?([^\"']*)", re.IGNORECASE)
_MOST_LINKS = 5000
_MOST_LINK_CHARACTERS = 200_000
"""Of all links of a page together: it says a base once, and each of its links is then as long as that."""
_AT_ONCE = 10
"""Seconds until a page sends its readers elsewhere, up to which it is only a sign on the way."""


@dataclass(slots=True)
class Head:
    """``links`` in order, each once. ``moved_to``: where the page sends its readers by itself."""

    links: list[str] = field(default_factory=list)
    canonical: str | None = None
    moved_to: str | None = None
    no_index: bool = False
    no_follow: bool = False


def decode(content: bytes, declared: str | None) -> str:
    """A page's text. What is valid UTF-8 is taken as such: servers and pages often declare another charset wrongly."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    said = _CHARSET.search(content[:4096])
    for name in (declared, said.group(1).decode("ascii", "replace") if said else None):
        try:
            if name:
                return content.decode(lookup(name).name)
        except (LookupError, UnicodeDecodeError):
            continue
    return content.decode("cp1252", "replace")


def as_file(text: str) -> bytes:
    """A page as it is stored: with a mark at its head that outweighs what the page itself says of its charset."""
    return BOM_UTF8 + text.encode("utf-8", "replace")


def read_head(text: str, address: str, robots_tag: str) -> Head:
    """What the page at ``address`` says. ``robots_tag`` is the header X-Robots-Tag, which counts like the page's own."""
    reader = _Reader(address)
    try:
        reader.feed(escape_unclosed(text))
        reader.close()
    except (AssertionError, ValueError, RecursionError):  # what HTMLParser cannot make sense of ends the reading
        pass
    head = reader.head
    head.links = list(reader.links)
    _obey(head, robots_tag)
    return head


def _obey(head: Head, directives: str) -> None:
    for part in directives.lower().split(","):
        agent, _, rule = part.rpartition(":")
        if agent.strip() not in ("", "switchboard"):
            continue
        head.no_index = head.no_index or rule.strip() in ("noindex", "none")
        head.no_follow = head.no_follow or rule.strip() in ("nofollow", "none")


class _Reader(HTMLParser):
    """Takes tags one by one and builds no tree: depth costs nothing."""

    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = address
        self._room = _MOST_LINK_CHARACTERS
        self.head = Head()
        self.links: dict[str, None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in reversed(attrs)}
        if tag == "base" and values.get("href"):
            self._base = normal(values["href"], self._base) or self._base
        elif tag in ("a", "area") and "href" in values:
            self._link(values["href"], values.get("rel", ""))
        elif tag == "link" and "canonical" in values.get("rel", "").lower().split():
            self.head.canonical = self.head.canonical or normal(values.get("href", ""), self._base)
        elif tag == "meta":
            self._meta(values)

    def _link(self, address: str, relation: str) -> None:
        if "nofollow" in relation.lower().split() or len(self.links) >= _MOST_LINKS or self._room <= 0:
            return
        found = normal(address, self._base)
        if found is not None and found not in self.links:
            self._room -= len(found)
            self.links[found] = None

    def _meta(self, values: dict[str, str]) -> None:
        content = values.get("content", "")
        if values.get("name", "").lower() in ("robots", "switchboard"):
            _obey(self.head, content)
        elif values.get("http-equiv", "").lower() == "refresh":
            found = _REFRESH.match(content)
            if found and found.group(2).strip() and int(found.group(1)[:6]) <= _AT_ONCE:
                self.head.moved_to = self.head.moved_to or normal(found.group(2), self._base)
