"""What Slack refuses in messages and views, after its Block Kit reference."""

from __future__ import annotations

import json
from typing import Any

TEXT = 40_000
ALL_BLOCKS = 13_200
"""Not documented; what people measured."""
_MESSAGE = {"rich_text", "section", "context", "actions", "context_actions", "divider", "header", "image", "markdown"}
_HOME = {"rich_text", "section", "context", "actions", "divider", "header", "image", "input"}
_RICH = {
    "text": {"text"},
    "emoji": {"name"},
    "date": {"timestamp", "format", "fallback"},
    "link": {"url", "text"},
    "user": {"user_id"},
    "usergroup": {"usergroup_id"},
}


class Refusal(Exception):
    """``ok: false`` with Slack's word for it."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer = {"ok": False, "error": error, **more}


def check_message(text: str, blocks: list[dict[str, Any]]) -> None:
    """As chat.postMessage and chat.update do."""
    if not text.strip() and not blocks:
        raise Refusal("no_text")
    if len(text) > TEXT:
        raise Refusal("msg_too_long")
    if len(json.dumps(blocks, ensure_ascii=False)) > ALL_BLOCKS:
        raise Refusal("msg_blocks_too_long")
    check_blocks(blocks, _MESSAGE, most=50)


def check_home(view: dict[str, Any]) -> None:
    """As views.publish does."""
    if view.get("type") != "home":
        raise Refusal("invalid_arguments")
    check_blocks(view.get("blocks", []), _HOME, most=100)


def check_blocks(blocks: Any, allowed: set[str], *, most: int) -> None:
    """Kinds, counts and lengths."""
    _demand(isinstance(blocks, list) and len(blocks) <= most)
    for block in blocks:
        ids: list[str] = []
        _demand(block.get("type") in allowed)
        elements = block.get("elements", [])
        match block["type"]:
            case "rich_text":
                _demand(len(elements) >= 1)
                for element in elements:
                    _rich(element)
            case "section":
                _text(block.get("text"), 3000)
            case "header":
                _text(block.get("text"), 150, kind="plain_text")
            case "context":
                _demand(1 <= len(elements) <= 10)
                for element in elements:
                    _text(element, 3000)
            case "actions":
                _demand(1 <= len(elements) <= 25)
                ids += [_select(one) if one.get("type") == "static_select" else _button(one) for one in elements]
            case "context_actions":
                _demand(1 <= len(elements) <= 5)
                ids += [_thumbs(element) for element in elements]
        _demand(len(ids) == len(set(ids)))


def _rich(element: dict[str, Any]) -> None:
    """After docs.slack.dev/reference/block-kit/blocks/rich-text-block."""
    _demand(element.get("type") in ("rich_text_section", "rich_text_quote") and len(element["elements"]) >= 1)
    for one in element["elements"]:
        needed = _RICH.get(one.get("type"))
        _demand(needed is not None and set(needed) <= set(one) <= {"type", "style", *needed})
        _demand(0 < len(one.get("text", "x")) <= 3000)


def shown_in(block: dict[str, Any]) -> str:
    """What people read in a block, as mrkdwn where it has marks."""
    match block["type"]:
        case "rich_text":
            return "\n".join("".join(map(_part_text, element["elements"])) for element in block["elements"])
        case "section" | "header":
            return str(block["text"]["text"])
        case "context":
            return "".join(element.get("text", "") for element in block["elements"])
        case _:
            return ""


def _part_text(part: dict[str, Any]) -> str:
    match part["type"]:
        case "text":
            mark = "*" if part.get("style", {}).get("bold") else "_" if part.get("style", {}).get("italic") else ""
            return f"{mark}{part['text']}{mark}"
        case "emoji":
            return f":{part['name']}:"
        case "date":
            return f"<!date^{part['timestamp']}^{part['format']}|{part['fallback']}>"
        case "link":
            return f"<{part['url']}|{part['text']}>"
        case "user":
            return f"<@{part['user_id']}>"
        case _:
            return f"<!subteam^{part['usergroup_id']}>"


def _button(element: dict[str, Any]) -> str:
    _demand(element.get("type") == "button" and len(element.get("value", "")) <= 2000)
    _text(element.get("text"), 75, kind="plain_text")
    return _action_id(element)


def _select(element: dict[str, Any]) -> str:
    _text(element.get("placeholder"), 150, kind="plain_text")
    _demand(1 <= len(element.get("options", ())) <= 100)
    for option in element["options"]:
        _text(option.get("text"), 75, kind="plain_text")
        _demand(0 < len(option.get("value", "")) <= 150)
    return _action_id(element)


def _thumbs(element: dict[str, Any]) -> str:
    _demand(element.get("type") == "feedback_buttons")
    for name in ("positive_button", "negative_button"):
        _text(element[name].get("text"), 75, kind="plain_text")
        _demand(0 < len(element[name].get("value", "")) <= 2000 and len(element[name]["accessibility_label"]) <= 75)
    return _action_id(element)


def _action_id(element: dict[str, Any]) -> str:
    found = str(element.get("action_id", ""))
    _demand(len(found) <= 255)
    return found


def _text(found: Any, limit: int, *, kind: str | None = None) -> None:
    _demand(isinstance(found, dict) and found.get("type") in ({kind} if kind else {"mrkdwn", "plain_text"}))
    _demand(0 < len(found["text"]) <= limit)


def _demand(condition: bool) -> None:
    if not condition:
        raise Refusal("invalid_blocks")
