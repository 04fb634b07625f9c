"""What the Bot API takes: every call's name, parameters and types, from the machine-readable description where it is at hand.

``description`` names such a file. Without it counts the list below, which holds what the channel uses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_PLACE = {"chat_id!": "Integer|String", "message_thread_id": "Integer"}
_MARKS = {"parse_mode": "String", "reply_markup": "InlineKeyboardMarkup"}
USED: Mapping[str, Mapping[str, str]] = {
    "getMe": {},
    "getUpdates": {
        "offset": "Integer",
        "limit": "Integer",
        "timeout": "Integer",
        "allowed_updates": "Array of String",
    },
    "setWebhook": {
        "url!": "String",
        "max_connections": "Integer",
        "allowed_updates": "Array of String",
        "drop_pending_updates": "Boolean",
        "secret_token": "String",
    },
    "deleteWebhook": {"drop_pending_updates": "Boolean"},
    "getWebhookInfo": {},
    "sendMessage": {**_PLACE, **_MARKS, "text!": "String", "link_preview_options": "LinkPreviewOptions"},
    "sendPhoto": {**_PLACE, **_MARKS, "photo!": "InputFile|String", "caption": "String"},
    **{
        f"send{kind.title()}": {**_PLACE, **_MARKS, f"{kind}!": "InputFile|String", "caption": "String"}
        for kind in ("video", "audio", "voice")
    },
    "sendDocument": {**_PLACE, **_MARKS, "document!": "InputFile|String", "caption": "String"},
    "sendChatAction": {**_PLACE, "action!": "String"},
    "answerCallbackQuery": {"callback_query_id!": "String", "text": "String", "show_alert": "Boolean"},
    "editMessageReplyMarkup": {
        "chat_id": "Integer|String",
        "message_id": "Integer",
        "reply_markup": "InlineKeyboardMarkup",
    },
    "editMessageText": {
        "chat_id": "Integer|String",
        "message_id": "Integer",
        "text": "String",
        **_MARKS,
        "link_preview_options": "LinkPreviewOptions",
    },
    "deleteMessage": {"chat_id!": "Integer|String", "message_id!": "Integer"},
    "setMessageReaction": {
        "chat_id!": "Integer|String",
        "message_id!": "Integer",
        "reaction": "Array of ReactionTypeEmoji",
        "is_big": "Boolean",
    },
    "getFile": {"file_id!": "String"},
    "setMyCommands": {"commands!": "Array of BotCommand", "language_code": "String"},
}
USED_TYPES: Mapping[str, Mapping[str, str]] = {
    "LinkPreviewOptions": {"is_disabled": "Boolean", "url": "String"},
    "InlineKeyboardMarkup": {"inline_keyboard!": "Array of Array of InlineKeyboardButton"},
    "InlineKeyboardButton": {"text!": "String", "callback_data": "String", "url": "String"},
    "ReactionTypeEmoji": {"type!": "String", "emoji!": "String"},
    "BotCommand": {"command!": "String", "description!": "String"},
}
_PRIMITIVES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (int, float),
    "Boolean": (bool,),
    "InputFile": (bytes,),
}

Fields = Mapping[str, tuple[tuple[str, ...], bool]]
"""Name, with the types that are taken and whether it must be there."""


description: Path | None = None


class WrongCall(Exception):
    """A call that the Bot API does not describe."""


def check_call(method: str, params: Mapping[str, Any]) -> None:
    """Files are bytes. Raises WrongCall."""
    methods, _ = described()
    if method not in methods:
        raise WrongCall(f"There is no method {method}.")
    _check_fields(method, methods[method], params)


def from_form(method: str, name: str, text: str) -> Any:
    """A form's field: everything but text is written as JSON. Raises WrongCall."""
    methods, _ = described()
    types = methods.get(method, {}).get(name, ((), False))[0]
    if "String" in types and "Integer" not in types:
        return text
    try:
        return json.loads(text)
    except ValueError:
        if "String" in types:
            return text
        raise WrongCall(f"{method}.{name} is not JSON: {text!r}") from None


@cache
def described() -> tuple[Mapping[str, Fields], Mapping[str, Fields]]:
    """Methods and types."""
    if description is None:
        return _listed(USED), _listed(USED_TYPES)
    known = json.loads(description.read_text(encoding="utf-8"))
    return _loaded(known["methods"]), _loaded(known["types"])


def check_type(name: str, value: Mapping[str, Any], where: str = "") -> None:
    """Whether an object is what the description says, for fixtures; fields that are too many are wrong too."""
    _, types = described()
    _check_fields(where or name, types[name], value)


def _loaded(things: Mapping[str, Any]) -> dict[str, Fields]:
    return {
        name: {field["name"]: (tuple(field["types"]), field["required"]) for field in thing.get("fields", ())}
        for name, thing in things.items()
    }


def _listed(things: Mapping[str, Mapping[str, str]]) -> dict[str, Fields]:
    return {
        name: {
            field.removesuffix("!"): (tuple(types.split("|")), field.endswith("!")) for field, types in fields.items()
        }
        for name, fields in things.items()
    }


def _check_fields(where: str, fields: Fields, given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name not in fields:
            raise WrongCall(f"{where} has no {name}.")
        types = fields[name][0]
        if not any(_is(value, one, f"{where}.{name}") for one in types):
            raise WrongCall(f"{where}.{name} is {value!r}, not {' or '.join(types)}.")
    missing = [name for name, (_, required) in fields.items() if required and name not in given]
    if missing:
        raise WrongCall(f"{where} needs {', '.join(missing)}.")


def _is(value: Any, kind: str, where: str) -> bool:
    if kind.startswith("Array of "):
        return isinstance(value, list) and all(_is(one, kind.removeprefix("Array of "), where) for one in value)
    if kind in _PRIMITIVES:
        return isinstance(value, _PRIMITIVES[kind]) and isinstance(value, bool) == (kind == "Boolean")
    if not isinstance(value, Mapping):
        return False
    fields = described()[1].get(kind)
    if fields:  # a type with several shapes has no fields of its own
        _check_fields(f"{where}({kind})", fields, value)
    return True
