"""What the desk writes in Slack, as Block Kit's rich text: formatting is structure there, and text is only text. Pure.

Blocks are made of ``Part`` values. What a customer wrote is ``Words``, which Slack shows as they are, so it cannot become a
link, a mention, an emoji or a mark (docs.slack.dev/reference/block-kit/blocks/rich-text-block). In small print, which knows no
rich text, it is ``plain_text`` without emoji. The fallback of a notification is the only text that Slack parses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from channels.slack.mrkdwn import escaped
from channels.slack.render import NOTHING
from handoff.texts import say

Block = dict[str, Any]
LONGEST = 2_900
_FALLBACK = 1_000
_NAME = 120
_IN_CONTEXT = 10
_DATE, _AGO = "{date_short_pretty} {time}", "{ago}"
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_FILLED = re.compile("\ue000([a-z_]+)\ue001")
_WEB = ("http://", "https://")
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_JOINERS = frozenset("\u200c\u200d")
"""Persian, Indian scripts and composed emoji need them; they reorder nothing."""
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


class _Visible:
    """What becomes of a character. ``str.translate`` asks once for each ASCII character of a text, and for every other."""

    def __getitem__(self, code: int) -> int | None:
        one = chr(code)
        is_unseen = unicodedata.category(one) in _UNSEEN or one in _BLANK
        return None if is_unseen and one != "\n" and one not in _JOINERS else code


_VISIBLE = _Visible()
_LOOKALIKES = str.maketrans({"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ"})
_MARK = re.compile(r"(?<![^\W_])[*_~]+|[*_~]+(?![^\W_])|`")
_COLON = re.compile(r":(?!//|\s)")
_QUOTED = re.compile(r"^(?:&gt;)+")


@dataclass(frozen=True, slots=True)
class Words:
    """Text as it is."""

    text: str
    bold: bool = False
    italic: bool = False


@dataclass(frozen=True, slots=True)
class Emoji:
    """One of the hub's signs, by Slack's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in the reader's zone, kept right by Slack. ``seconds`` since 1970."""

    seconds: float
    form: str = _DATE


@dataclass(frozen=True, slots=True)
class Link:
    """An address with a label of the hub's own."""

    url: str
    label: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A person (U…, W…) or a group of users (S…) of the staff's."""

    id: str


Part = Words | Emoji | Moment | Link | Mention
Line = tuple[Part, ...]


def visible(text: str) -> str:
    """Without characters that are not seen and change what is: controls, reordering marks, invisible ones."""
    return _LINE_ENDS.sub("\n", text).replace("\t", " ").translate(_VISIBLE)


def words(text: str, *, bold: bool = False, italic: bool = False) -> Line:
    """What somebody wrote, with its line ends."""
    shown = visible(text)
    return (Words(shown, bold, italic),) if shown else ()


def one_line(text: str, limit: int = _NAME, *, bold: bool = False) -> Line:
    """A name, a title, an address: no line end in it begins a line that looks like the hub's."""
    return words(cut(text, limit), bold=bold)


def cut(text: str, limit: int = _NAME) -> str:
    """In one line of at most ``limit`` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def phrase(key: str, language: str, *, bold: bool = False, italic: bool = False, **details: str | Line) -> Line:
    """A sentence of the hub's own, whose emoji are signs; what is filled in stays what it is."""
    places: dict[str, Any] = {name: f"\ue000{name}\ue001" for name in details}
    template = say(key, language, **places)
    found: list[Part] = []
    for number, piece in enumerate(_FILLED.split(template)):
        filled = details[piece] if number % 2 else _own(piece, bold=bold, italic=italic)
        found += words(filled, bold=bold, italic=italic) if isinstance(filled, str) else filled
    return tuple(found)


def _own(text: str, *, bold: bool, italic: bool) -> Line:
    pieces = enumerate(_EMOJI.split(text))
    return tuple(Emoji(one) if number % 2 else Words(one, bold, italic) for number, one in pieces if one)


def joined(separator: str, lines: Iterable[Line]) -> Line:
    """Those that say something, with the separator between them."""
    found: list[Part] = []
    for line in lines:
        if line:
            found += [*((Words(separator),) if found else ()), *line]
    return tuple(found)


def spaced(*lines: Line) -> Line:
    """Side by side."""
    return joined(" ", lines)


def lined(*lines: Line) -> Line:
    """One below the other."""
    return joined("\n", lines)


def ago(seconds: float) -> Line:
    """How long since a moment, as it is when somebody looks."""
    return (Moment(seconds, _AGO),)


def source(title: str, url: str | None, limit: int = _NAME) -> Line:
    """A document's title, and where it leads: the link's label is its host, so that they cannot disagree."""
    named = one_line(title, limit)
    host = _host(url or "")
    return (*named, Words(" ("), Link(url or "", host), Words(")")) if host else named


def _host(url: str) -> str:
    if not url.lower().startswith(_WEB) or set(url) & set("<>| \n") or visible(url) != url:
        return ""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def paragraph(line: Line) -> Block:
    """A block of the hub's."""
    return _rich(_section(line))


def quoted_below(head: Line, said: Line) -> Block:
    """Somebody's words in a quote: whatever they look like, they are inside of its bar."""
    quote = {"type": "rich_text_quote", "elements": [_element(part) for part in said or words(NOTHING)]}
    return _rich(*([_section(head)] if head else []), quote)


def small(line: Line) -> list[Block]:
    """Small print. As many blocks as it needs."""
    elements = [one for one in _small_elements(line) if one["text"].strip()]
    starts = range(0, len(elements), _IN_CONTEXT)
    return [{"type": "context", "elements": elements[start : start + _IN_CONTEXT]} for start in starts]


def plain_text(text: str) -> Block:
    """A label of the hub's own."""
    return {"type": "plain_text", "text": text}


def plain_button(action_id: str, text: str, value: str) -> Block:
    """A button with a label of the hub's own."""
    return {"type": "button", "action_id": action_id, "text": plain_text(text), "value": value}


def options(labels: Mapping[str, str]) -> list[Block]:
    """The choices of a menu: labels by value."""
    return [{"text": plain_text(label), "value": value} for value, label in labels.items()]


def fallback(line: Line) -> str:
    """For notifications: in one line, where no marks and no emoji but the hub's are."""
    text = " ".join("".join(_parsed(part) for part in cut_line(line)).split())
    return _QUOTED.sub("›", text) or NOTHING


def plain(line: Line) -> str:
    """What is read, without marks."""
    return "".join(_read(part) for part in line)


def cut_line(line: Line, limit: int = _FALLBACK) -> Line:
    """As much of it as fits into ``limit`` characters."""
    found: list[Part] = []
    for part in line:
        length = len(_read(part))
        if length > limit:
            return (*found, Words(_read(part)[:limit] + "…"))
        limit -= length
        found.append(part)
    return tuple(found)


def _rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _section(line: Line) -> Block:
    return {"type": "rich_text_section", "elements": [_element(part) for part in line or words(NOTHING)]}


def _element(part: Part) -> Block:
    match part:
        case Words(text, bold, italic):
            style = {name: True for name, on in (("bold", bold), ("italic", italic)) if on}
            return {"type": "text", "text": text} | ({"style": style} if style else {})
        case Emoji(name):
            return {"type": "emoji", "name": name}
        case Moment(seconds, form):
            return {"type": "date", "timestamp": int(seconds), "format": form, "fallback": _written(seconds)}
        case Link(url, label):
            return {"type": "link", "url": url, "text": label}
        case Mention(id_):
            group = {"type": "usergroup", "usergroup_id": id_}
            return group if id_.startswith("S") else {"type": "user", "user_id": id_}


def _small_elements(line: Line) -> Iterator[dict[str, Any]]:
    for is_text, parts in groupby(line, lambda part: isinstance(part, Words)):
        run: Sequence[Part] = list(parts)
        if is_text:
            text = "".join(_read(part) for part in run)
            for start in range(0, len(text), LONGEST):
                yield {"type": "plain_text", "text": text[start : start + LONGEST], "emoji": False}
        else:
            yield {"type": "mrkdwn", "text": " ".join(map(_marked, run)), "verbatim": True}


def _read(part: Part) -> str:
    match part:
        case Words(text):
            return text
        case Emoji(name):
            return f":{name}:"
        case Moment(seconds):
            return _written(seconds)
        case Link(_, label):
            return label
        case Mention(id_):
            return f"@{id_}"


def _marked(part: Part) -> str:
    """In mrkdwn, of what the hub says itself."""
    match part:
        case Moment(seconds, form):
            return f"<!date^{int(seconds)}^{form}|{_written(seconds)}>"
        case Link(url, label):
            return f"<{escaped(url)}|{escaped(label).replace('|', '¦')}>"
        case Mention(id_):
            return f"<!subteam^{id_}>" if id_.startswith("S") else f"<@{id_}>"
        case _:
            return _read(part)


def _parsed(part: Part) -> str:
    """As Slack parses it. A mark at the edge of a word, a colon around a name: those become characters that look like them."""
    match part:
        case Words(text):
            return escaped(_COLON.sub("\ua789", _MARK.sub(lambda match: match[0].translate(_LOOKALIKES), text)))
        case Link(_, label):
            return _parsed(Words(label))
        case Moment(seconds):
            return _written(seconds)
        case _:
            return _marked(part)


def _written(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
