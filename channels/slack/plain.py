"""What people write on Slack, as text for the agent and for customers elsewhere. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from channels.slack.emoji import character

SOMEONE = "@someone"
SOMEWHERE = "#a-channel"
_MARKED = re.compile(r"<([^<>]+)>")
_KEPT = re.compile(r"```.*?```|`[^`\n]+`|<[^<>]+>", re.DOTALL)
_LINKED = re.compile(r"(?i)(?:https?://|mailto:|tel:)[^\s\\]+")
_MARKS, _ESCAPED = re.compile(r"[\\`*_~\[\]]"), r"\\\g<0>"
_PLACE = re.compile("\ue000(\\d+)\ue001")
_BOLD = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")
_STRIKE = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*[^\s~])~(?![\w~])")
_EMOJI = re.compile(r"(?<!\w):([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):(?!\w)")


class Names(Protocol):
    """What is known of people and channels now, without asking anybody."""

    def person(self, user: str) -> str | None: ...

    def channel(self, channel: str) -> str | None: ...

    def locale(self, user: str) -> str | None: ...


def plain(text: str, names: Names, *, own: str | None = None, links: bool = False) -> str:
    """Names instead of ids, links with their addresses, and Slack's three escapes undone.

    A mention of the app itself (``own``) says nothing, so it goes. ``links``: those with a label become Markdown's.
    """
    if own:
        text = re.sub(rf"(?<![ \t])[ \t]*+<@{re.escape(own)}(\|[^<>]*+)?>[ \t]*+", " ", text)
    return unescaped(_MARKED.sub(lambda match: _resolve(match[1], names, links), text)).strip()


def mentions(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The ids of people and of channels that a text names."""
    found = [match[1].partition("|")[0] for match in _MARKED.finditer(text)]
    people = frozenset(one[1:] for one in found if one.startswith("@"))
    return people, frozenset(one[1:] for one in found if one.startswith("#"))


def addressed(text: str, own: str | None) -> bool | None:
    """Whether a text mentions the app (``own``), or only somebody else; None where it mentions nobody, or ``own`` is unknown."""
    named = {match[1].partition("|")[0].partition("^")[0] for match in _MARKED.finditer(text)}
    called = {one for one in named if one[:1] == "@" or one in _CALLS_MANY}
    if own is None or not called:
        return None
    return f"@{own}" in called


def _resolve(marked: str, names: Names, links: bool) -> str:
    target, _, label = marked.partition("|")
    match target[:1]:
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
    if links and _LINKED.fullmatch(target):
        return f"[{_MARKS.sub(_ESCAPED, label)}](<{target}>)"
    return f"{label} ({address})" if address else label


def _special(what: str, label: str) -> str:
    if label:
        return label
    kind = what.partition("^")[0]
    return f"@{kind}" if kind in ("here", "channel", "everyone") else ""


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address).rstrip("/")


_CALLS_MANY = frozenset({"!here", "!channel", "!everyone", "!subteam"})
_ESCAPES: Mapping[str, str] = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def unescaped(text: str) -> str:
    """Without Slack's three escapes, which it puts into what is pressed too (github.com/slackapi/bolt-python/issues/513)."""
    return re.sub(r"&(?:lt|gt|amp);", lambda match: _ESCAPES[match[0]], text)


def markdown(text: str) -> str:
    """Slack's own markup as the Markdown that every channel renders in its own way. Links, mentions and escapes stay.

    Slack's bold is one star, which in Markdown is italics, and its strike one tilde; emoji come as their names between colons
    (docs.slack.dev/messaging/formatting-message-text). Code is left as it is.
    """
    if "\ue000" in text:
        return text
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\ue000{len(kept) - 1}\ue001"

    said = _KEPT.sub(keep, text)
    said = _STRIKE.sub(r"~~\1~~", _BOLD.sub(r"**\1**", said))
    said = _EMOJI.sub(lambda match: character(match[1]), said)
    return _PLACE.sub(lambda match: kept[int(match[1])], said)
