"""What people write on Slack, as text for the agent: names instead of ids, links with their addresses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

SOMEONE = "@someone"
SOMEWHERE = "#a-channel"
_MARKED = re.compile(r"<([^<>]+)>")


class Names(Protocol):
    """What is known of people and channels now, without asking anybody."""

    def person(self, user: str) -> str | None: ...

    def channel(self, channel: str) -> str | None: ...

    def locale(self, user: str) -> str | None: ...


class NoNames:
    """Knows nobody."""

    def person(self, user: str) -> str | None:
        """Nobody."""
        return None

    def channel(self, channel: str) -> str | None:
        """Nowhere."""
        return None

    def locale(self, user: str) -> str | None:
        """Nothing."""
        return None


def plain(text: str, names: Names, *, own: str | None = None) -> str:
    """Slack's marks resolved and its three escapes undone. A mention of the app itself (``own``) says nothing, so it goes."""
    if own:
        text = re.sub(rf"(?<![ \t])[ \t]*+<@{re.escape(own)}(\|[^<>]*+)?>[ \t]*+", " ", text)
    return unescaped(_MARKED.sub(lambda match: _resolve(match[1], names), text)).strip()


def mentions(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of people and of channels that a text names."""
    found = [match[1].partition("|")[0] for match in _MARKED.finditer(text)]
    people = frozenset(one[1:] for one in found if one.startswith("@"))
    return people, frozenset(one[1:] for one in found if one.startswith("#"))


def _resolve(marked: str, names: Names) -> str:
    target, _, label = marked.partition("|")
    match target[0]:
        case "@":
            name = names.person(target[1:]) or label
            return f"@{name.removeprefix('@')}" if name else SOMEONE
        case "#":
            name = names.channel(target[1:]) or label
            return f"#{name}" if name else SOMEWHERE
        case "!":
            return _special(target[1:], label)
    address = target.removeprefix("mailto:").removeprefix("tel:")
    if not label or label in (target, address) or _bare(label) == _bare(address):
        return address
    return f"{label} ({address})"


def _special(what: str, label: str) -> str:
    if label:
        return label
    kind = what.partition("^")[0]
    return f"@{kind}" if kind in ("here", "channel", "everyone") else ""


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address).rstrip("/")


_ESCAPES: Mapping[str, str] = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def unescaped(text: str) -> str:
    """Without Slack's three escapes, which it puts into what is pressed too (github.com/slackapi/bolt-python/issues/513)."""
    return re.sub(r"&(?:lt|gt|amp);", lambda match: _ESCAPES[match[0]], text)
