"""Block Kit as HTML, from the blocks that the hub really sends: for the pictures of the desk.

What is not drawn here raises ValueError, so that no picture lacks a part unnoticed. The formats are those of
https://docs.slack.dev/reference/block-kit/ and https://docs.slack.dev/messaging/formatting-message-text/.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt

from scripts.slack_signs import sign

Json = Mapping[str, Any]
Drawings = Mapping[str, Callable[[Json], str]]
"""How a thing of each ``type`` is drawn."""

_TOKEN = re.compile(r"<([^<>]+)>")
_MARKS = (
    (r"\*(\S(?:[^*\n]*\S)?)\*", "b"),
    (r"(?<!\w)_(\S(?:[^_\n]*\S)?)_(?!\w)", "i"),
    (r"~(\S(?:[^~\n]*\S)?)~", "s"),
    (r"`([^`\n]+)`", "code"),
)
_SHORT = re.compile(r":([a-z][a-z0-9_+-]+):")
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def drawn(blocks: list[Any]) -> str:
    """All of them, one below the other."""
    return "".join(_one(BLOCKS, block) for block in blocks)


def mrkdwn(text: str) -> str:
    """Slack's own marks as HTML. What is no mark has its three special characters escaped already."""
    shown = _TOKEN.sub(lambda found: _token(found[1]), text)
    for mark, tag in _MARKS:
        shown = re.sub(mark, rf"<{tag}>\1</{tag}>", shown)
    lines = (f"<q>{line[4:].strip()}</q>" if line.startswith("&gt;") else line for line in shown.split("\n"))
    return _with_signs("<br>".join(lines)).replace("</q><br>", "</q>")


def _token(inside: str) -> str:
    """A link, a date or a mention, as people read it."""
    target, _, label = inside.partition("|")
    if target.startswith(("@", "#")):
        return _mention(label or target[1:])
    if target.startswith("!date^"):
        _, at, form = target.split("^")[:3]
        return _moment(int(at), form)
    if target.startswith("!subteam^"):
        return _mention(label or target.partition("^")[2])
    return label if target.startswith("!") else f"<a>{label or target}</a>"


def _mention(who: str) -> str:
    return f'<a class="mention">@{escape(who)}</a>'


def _moment(at: float, form: str) -> str:
    """In UTC; how long ago it was, where ``form`` asks for that."""
    if form == "{ago}":
        past = max(0, int(time.time() - at))
        size, unit = next((one for one in _UNITS if past >= one[0]), (60, "minute"))
        number = max(1, past // size)
        return f"{number} {unit}{'s' if number > 1 else ''} ago"
    moment = datetime.fromtimestamp(at, UTC)
    day = "today" if moment.date() == datetime.now(UTC).date() else f"{moment:%b %-d}"
    values = {"date_short_pretty": day, "date": f"{moment:%B %-d, %Y}", "time": f"{moment:%H:%M}"}
    return form.format_map(values)


def _with_signs(text: str) -> str:
    return _SHORT.sub(lambda found: sign(found[1]), text)


def _one(drawings: Drawings, thing: Json) -> str:
    kind = thing["type"]
    if kind not in drawings:
        raise ValueError(f"Nothing of type {kind} is drawn here")
    return drawings[kind](thing)


def _text(text: Json) -> str:
    return _one(_TEXTS, text)


def _plain(text: Json) -> str:
    words = escape(text["text"], quote=False).replace("\n", "<br>")
    return _with_signs(words) if text.get("emoji", True) else words


def _section(block: Json) -> str:
    fields = "".join(f"<p>{_text(one)}</p>" for one in block.get("fields", ()))
    words = f"<p>{_text(block['text'])}</p>" if "text" in block else ""
    beside = _one(ELEMENTS, block["accessory"]) if "accessory" in block else ""
    return f'<section>{words}<div class="fields">{fields}</div>{beside}</section>'


def _actions(block: Json) -> str:
    return f"<menu>{''.join(_one(ELEMENTS, one) for one in block['elements'])}</menu>"


def _context(block: Json) -> str:
    pieces = [_one(_SMALL, one) for one in block["elements"]]
    return f"<small>{' '.join(pieces)}</small>"


def _image(image: Json) -> str:
    """Its place: nothing is fetched for a picture."""
    return f'<span class="image">{escape(image["alt_text"])}</span>'


def _input(block: Json) -> str:
    optional = " <i>(optional)</i>" if block.get("optional") else ""
    hint = f"<small>{_text(block['hint'])}</small>" if "hint" in block else ""
    return f"<label><b>{_text(block['label'])}</b>{optional}{_one(_FIELDS, block['element'])}{hint}</label>"


def _field(element: Json) -> str:
    lines = "tall" if element.get("multiline") else ""
    if value := element.get("initial_value"):
        return f'<span class="field {lines}">{escape(value, quote=False)}</span>'
    return f'<span class="field {lines}"><i>{_placeholder(element)}</i></span>'


def _menu_field(element: Json) -> str:
    chosen = element.get("initial_option")
    shown = _text(chosen["text"]) if chosen else f"<i>{_placeholder(element) or 'Select an option'}</i>"
    return f'<span class="field menu">{shown}</span>'


def _placeholder(element: Json) -> str:
    return _text(element["placeholder"]) if "placeholder" in element else ""


def _button(element: Json) -> str:
    return f'<button class="{element.get("style", "")}">{_text(element["text"])}</button>'


def _menu_button(element: Json) -> str:
    chosen = element.get("initial_option")
    return f'<button class="menu">{_text(chosen["text"]) if chosen else _placeholder(element)}</button>'


def _thumbs(element: Json) -> str:
    return "".join(
        f"<button>{_text(element[name]['text'])}</button>" for name in ("positive_button", "negative_button")
    )


def _rich(tag: str) -> Callable[[Json], str]:
    def draw(element: Json) -> str:
        return f"<{tag}>{''.join(_one(RICH, one) for one in element['elements'])}</{tag}>"

    return draw


def _rich_list(element: Json) -> str:
    tag = "ol" if element.get("style") == "ordered" else "ul"
    return f"<{tag}>{''.join(f'<li>{_one(RICH, one)}</li>' for one in element['elements'])}</{tag}>"


def _rich_text(part: Json) -> str:
    tags = [{"bold": "b", "italic": "i", "strike": "s", "code": "code"}[name] for name in part.get("style", ())]
    words = escape(part["text"], quote=False).replace("\n", "<br>")
    return "".join(f"<{tag}>" for tag in tags) + words + "".join(f"</{tag}>" for tag in reversed(tags))


_TEXTS: Final[Drawings] = {"plain_text": _plain, "mrkdwn": lambda text: mrkdwn(text["text"])}
_SMALL: Final[Drawings] = {**_TEXTS, "image": _image}
_FIELDS: Final[Drawings] = {
    "plain_text_input": _field,
    "url_text_input": _field,
    "static_select": _menu_field,
    "users_select": _menu_field,
}
ELEMENTS: Final[Drawings] = {
    "button": _button,
    "static_select": _menu_button,
    "users_select": _menu_button,
    "overflow": lambda _element: "<button>⋯</button>",
    "feedback_buttons": _thumbs,
    "image": _image,
}
RICH: Final[Drawings] = {
    "rich_text_section": _rich("p"),
    "rich_text_quote": _rich("q"),
    "rich_text_preformatted": _rich("pre"),
    "rich_text_list": _rich_list,
    "text": _rich_text,
    "link": lambda part: f"<a>{escape(part.get('text') or part['url'])}</a>",
    "emoji": lambda part: sign(part["name"]),
    "date": lambda part: escape(_moment(part["timestamp"], part["format"])),
    "user": lambda part: _mention(part["user_id"]),
    "usergroup": lambda part: _mention(part["usergroup_id"]),
}
BLOCKS: Final[Drawings] = {
    "section": _section,
    "context": _context,
    "actions": _actions,
    "context_actions": _actions,
    "input": _input,
    "header": lambda block: f"<h3>{_text(block['text'])}</h3>",
    "divider": lambda _block: "<hr>",
    "image": _image,
    "markdown": lambda block: MarkdownIt("commonmark").render(block["text"]),
    "rich_text": lambda block: "".join(_one(RICH, one) for one in block["elements"]),
}
DRAWN: Final = {*BLOCKS, *ELEMENTS, *_FIELDS, *_TEXTS, *RICH}
"""Every ``type`` that has a drawing."""
