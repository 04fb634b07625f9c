"""One page under the many spellings of its address that servers take for one: by these a page is closed, never opened.

nginx decodes a path and merges its slashes before it looks for the file (ngx_http_core_module, ``location``, ``merge_slashes``),
IIS asks neither for capitals nor for a dot at a name's end, Tomcat takes ``;…`` off each part (RFC 3986, 3.3), and hosts of
static pages answer ``/a`` with ``/a.html``. None of them redirects.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

from knowledge.sources.address import host_of

_INDEX = re.compile(r"/index\.(?:html?|php)$")
_PAGE = re.compile(r"\.html?$")


@dataclass(frozen=True, slots=True)
class Spelling:
    """``place`` is host and path, ``path`` begins with a slash or is empty, ``pairs`` are the parameters in any order."""

    host: str
    path: str
    pairs: frozenset[str]

    @classmethod
    def of(cls, address: str) -> Spelling:
        """Of an address in its one form (``address.normal``)."""
        parts = urlsplit(address)
        pairs = frozenset(loose(pair) for pair in parts.query.split("&") if pair)
        return cls(host_of(address), loose_path(parts.path), pairs)

    @property
    def place(self) -> str:
        """Host and path of the page, whatever its file is called."""
        return self.host + _PAGE.sub("", _INDEX.sub("", self.path))

    @property
    def is_start(self) -> bool:
        """Whether it is the start of a host: often the one address that shows every page, by its parameters."""
        return self.place == self.host


def loose(text: str) -> str:
    """Decoded as often as anybody could, and without capitals and letters that only look different."""
    while (decoded := unquote(text)) != text:
        text = decoded
    return normalize("NFKC", text).casefold()


def loose_path(path: str) -> str:
    """A path as a server may understand it: parts without what many leave away, and the dots resolved after that."""
    found: list[str] = []
    for part in loose(path).replace("\\", "/").split("/"):
        name = part.partition(";")[0].strip()
        if name == "..":
            del found[-1:]
        elif name not in ("", "."):
            found.append(name.rstrip(". ") or name)
    return "".join(f"/{name}" for name in found)
