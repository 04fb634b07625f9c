"""What Slack makes of a message: a small interpreter of mrkdwn, after docs.slack.dev/messaging/formatting-message-text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Mark = tuple[str, str]
_ANGLES = re.compile(r"<([^<>]*)>")
_EDGED = r"(?<![^\W_]){0}(?=\S)([^{0}\n]*\S){0}(?![^\W_])"
_MARKS = {"bold": re.compile(_EDGED.format(r"\*")), "strike": re.compile(_EDGED.format("~"))}
_ITALIC = re.compile(r"(?<![^\W_])_(?=\S)([^\n]*?\S)_(?![^\W_])")
_CODE = re.compile(r"`([^`\n]+)`|```(.+?)```", re.DOTALL)
_EMOJI = re.compile(r":([\w+'-]+):")
_QUOTE = re.compile(r"^(?:&gt;)+", re.MULTILINE)


def marks_of(mrkdwn: str) -> list[Mark]:
    """Links, mentions, dates, formatting, quotes and emoji that are shown."""
    found: list[Mark] = [("angle", match[1]) for match in _ANGLES.finditer(mrkdwn)]
    bare = _ANGLES.sub(" ", mrkdwn)
    for kind, pattern in _MARKS.items():
        found += [(kind, "") for _ in pattern.finditer(bare)]
    found += [("italic", "") for _ in _ITALIC.finditer(bare)]
    found += [("code", "") for _ in _CODE.finditer(bare)]
    found += [("quote", "") for _ in _QUOTE.finditer(bare)]
    return found + [("emoji", match[1]) for match in _EMOJI.finditer(bare)]


def marks_in(payload: Any) -> list[Mark]:
    """Everything in a message or a view that is more than text."""
    found: list[Mark] = []
    for kind, value in _texts(payload):
        match kind:
            case "mrkdwn":
                found += marks_of(value)
            case "emoji" if value:
                found += [("emoji", match[1]) for match in _EMOJI.finditer(value)]
            case "part":
                found.append(("part", value))
    return found


def lines_in(payload: Any) -> list[int]:
    """How many lines each text has that stands in no quote."""
    return [value.count("\n") for kind, value in _texts(payload, quotes=False) if kind in ("text", "mrkdwn", "emoji")]


def read_in(payload: Any) -> str:
    """All of its text."""
    return "\n".join(value for kind, value in _texts(payload) if kind != "part")


def _texts(node: Any, *, quotes: bool = True) -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for one in node:
            yield from _texts(one, quotes=quotes)
    elif isinstance(node, dict):
        yield from _marks_in(node, quotes=quotes)


def _marks_in(node: dict[str, Any], *, quotes: bool) -> Iterator[tuple[str, str]]:
    kind = node.get("type")
    if kind == "rich_text_quote" and not quotes:
        return
    if kind == "mrkdwn":
        assert node["verbatim"] is True
        yield "mrkdwn", node["text"]
    elif kind == "plain_text":
        yield ("text" if node.get("emoji") is False else "emoji"), node["text"]
    elif kind == "text":
        yield "text", node["text"]
    elif kind in ("emoji", "date", "link", "user", "usergroup"):
        yield "part", str(sorted(node.items()))
    else:
        if isinstance(node.get("text"), str):  # what notifications say
            yield "mrkdwn", node["text"]
        for name, value in node.items():
            if name not in ("facts", "private_metadata", "value", "action_id", "initial_value"):
                yield from _texts(value, quotes=quotes)
