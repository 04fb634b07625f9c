"""Messages of Slack as HTML, from the Block Kit that the hub really sends: for the picture of the desk.

Only what the desk uses; anything else raises ValueError, so that the picture never lacks a part unnoticed. The formats are those
of https://docs.slack.dev/reference/block-kit/ and https://docs.slack.dev/messaging/formatting-message-text/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

Json = Mapping[str, Any]

_DOT = '<i style="display:inline-block;width:11px;height:11px;border-radius:50%;background:{}"></i>'
_DRAWN = (
    '<svg width="15" height="15" viewBox="0 0 24 24" fill="none" stroke="#616061" stroke-width="2" style="vertical-align:-2px">'
    '<path d="{}"/></svg>'
)
_EMOJI = {
    "book": _DRAWN.format("M4 5h6l2 2 2-2h6v14h-6l-2 2-2-2H4V5Zm8 2v14"),
    "large_green_circle": _DOT.format("#2bac76"),
    "large_yellow_circle": _DOT.format("#f2c744"),
    "robot_face": _DRAWN.format("M5 8h14v11H5V8Zm4 5v1m6-1v1M12 8V4"),
    "white_check_mark": _DRAWN.format("m4 13 5 5L20 6"),
}
"""Drawn, since a machine that takes pictures need not have a font with emoji."""
_TOKEN = re.compile(r"<([^<>]+)>")
_MARKS = (
    (r"\*(\S(?:[^*\n]*\S)?)\*", "b"),
    (r"(?<!\w)_(\S(?:[^_\n]*\S)?)_(?!\w)", "i"),
    (r"~(\S(?:[^~\n]*\S)?)~", "s"),
    (r"`([^`\n]+)`", "code"),
)
_SHORT = re.compile(r":([a-z][a-z0-9_+-]+):")


def message(sent: Json, author: str) -> str:
    """One message: who, when, and its blocks (its text, where it has none)."""
    blocks = sent.get("blocks") or []
    body = "".join(map(_block, blocks)) if blocks else f"<p>{mrkdwn(str(sent['text']))}</p>"
    at = datetime.fromtimestamp(float(sent["ts"]), UTC)
    app = '<em class="app">APP</em>' if sent.get("bot_id") else ""
    kind = "bot" if sent.get("bot_id") else "person"
    letter = escape(author[:1])
    head = f"<header><b>{escape(author)}</b>{app}<time>{at:%H:%M}</time></header>"
    return f'<article><span class="face {kind}">{letter}</span><div>{head}{body}</div></article>'


def mrkdwn(text: str) -> str:
    """Slack's own marks as HTML. What is no mark has its three special characters escaped already."""
    shown = _TOKEN.sub(lambda found: _token(found[1]), text)
    for mark, tag in _MARKS:
        shown = re.sub(mark, rf"<{tag}>\1</{tag}>", shown)
    lines = (f"<q>{line[4:].strip()}</q>" if line.startswith("&gt;") else line for line in shown.split("\n"))
    return emoji("<br>".join(lines)).replace("</q><br>", "</q>")


def _token(inside: str) -> str:
    """A link, a date or a mention, as people read it."""
    target, _, label = inside.partition("|")
    if target.startswith(("@", "#")):
        return f'<a class="mention">@{label or "someone"}</a>'
    return label if target.startswith("!") else f"<a>{label or target}</a>"


def emoji(text: str) -> str:
    """Short names as the signs they stand for. Raises ValueError for one that has no sign here."""
    return _SHORT.sub(lambda found: _sign(found[1]), text)


def _sign(name: str) -> str:
    if name not in _EMOJI:
        raise ValueError(f"No sign for :{name}:")
    return _EMOJI[name]


def _block(block: Json) -> str:
    match block["type"]:
        case "section":
            fields = "".join(f"<p>{_text(one)}</p>" for one in block.get("fields", ()))
            words = f"<p>{_text(block['text'])}</p>" if "text" in block else ""
            return f'<section>{words}<div class="fields">{fields}</div></section>'
        case "context":
            return f"<small>{' '.join(map(_text, block['elements']))}</small>"
        case "actions":
            return f"<menu>{''.join(map(_control, block['elements']))}</menu>"
        case "header":
            return f"<h3>{_text(block['text'])}</h3>"
        case "divider":
            return "<hr>"
        case "rich_text":
            return "".join(map(_rich, block["elements"]))
        case other:
            raise ValueError(f"A block of type {other}")


def _text(text: Json) -> str:
    if text["type"] == "mrkdwn":
        return mrkdwn(text["text"])
    if text["type"] == "plain_text":
        words = escape(text["text"], quote=False).replace("\n", "<br>")
        return emoji(words) if text.get("emoji", True) else words
    raise ValueError(f"A text of type {text['type']}")


def _control(control: Json) -> str:
    match control["type"]:
        case "button":
            return f'<button class="{control.get("style", "")}">{_text(control["text"])}</button>'
        case "static_select":
            chosen = control.get("initial_option", control.get("placeholder"))
            return f"<button>{_text(chosen.get('text') if 'value' in chosen else chosen)} ▾</button>"
        case "users_select":
            return f"<button>{_text(control['placeholder'])} ▾</button>"
        case "overflow":
            return "<button>⋯</button>"
        case other:
            raise ValueError(f"A control of type {other}")


def _rich(element: Json) -> str:
    parts = "".join(map(_rich_part, element["elements"]))
    match element["type"]:
        case "rich_text_section":
            return f"<p>{parts}</p>"
        case "rich_text_quote":
            return f"<q>{parts}</q>"
        case "rich_text_preformatted":
            return f"<pre>{parts}</pre>"
        case "rich_text_list":
            return f"<ul>{''.join(f'<li>{_rich(one)}</li>' for one in element['elements'])}</ul>"
        case other:
            raise ValueError(f"Rich text of type {other}")


def _rich_part(part: Json) -> str:
    match part["type"]:
        case "text":
            tags: Sequence[str] = [
                {"bold": "b", "italic": "i", "strike": "s", "code": "code"}[name] for name in part.get("style", ())
            ]
            words = escape(part["text"], quote=False).replace("\n", "<br>")
            return "".join(f"<{tag}>" for tag in tags) + words + "".join(f"</{tag}>" for tag in reversed(tags))
        case "link":
            return f"<a>{escape(part.get('text') or part['url'])}</a>"
        case "emoji":
            return _sign(part["name"])
        case "date":
            return escape(part["fallback"])
        case "user" | "usergroup":
            return '<a class="mention">@someone</a>'
        case "rich_text_section":
            return _rich(part)
        case other:
            raise ValueError(f"A part of rich text of type {other}")
