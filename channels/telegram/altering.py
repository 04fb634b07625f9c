"""A message in a chat is changed, taken away or marked.

https://core.telegram.org/bots/api#editmessagetext, #deletemessage (its own messages, for 48 hours) and #setmessagereaction (one
emoji of a list that Telegram keeps; an empty list takes it off).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.telegram.client import Refused
from core.domain.alterations import Alteration, Altering
from core.domain.errors import Rejected

EDIT, DELETE, REACT = "editMessageText", "deleteMessage", "setMessageReaction"
METHODS = frozenset({EDIT, DELETE, REACT})
_AS_WISHED = ("message is not modified", "message to delete not found")
"""It is as it was to become; also what a repetition hears."""


def calls(alteration: Alteration, texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``texts``: the new text as messages; the first takes the old one's place, what does not fit follows it."""
    match alteration.how:
        case Altering.EDIT:
            first = {name: value for name, value in texts[0]["params"].items() if name not in _OF_NEW_ONES}
            changed = {"method": EDIT, "params": {**first, **_named(alteration.of[0])}}
            return [changed, *texts[1:]]
        case Altering.DELETE:
            return [{"method": DELETE, "params": _named(one)} for one in alteration.of]
        case Altering.REACT:
            emoji = alteration.emoji.replace("\ufe0f", "")
            reaction = [{"type": "emoji", "emoji": emoji}] if alteration.present else []
            return [{"method": REACT, "params": {**_named(alteration.of[0]), "reaction": reaction}}]


def done_already(body: Mapping[str, Any], refused: Refused) -> bool:
    """Whether a refusal says that there is nothing left to do."""
    return body["method"] in METHODS and any(refused.says(one) for one in _AS_WISHED)


_OF_NEW_ONES = frozenset({"message_thread_id", "reply_markup"})


def _named(provider_id: str) -> dict[str, Any]:
    kind, _, rest = provider_id.partition("/")
    chat, _, number = rest.partition("/")
    if kind != "m" or not number.isdigit():
        raise Rejected(f"{provider_id!r} is no message of Telegram's.")
    return {"chat_id": int(chat) if chat.lstrip("-").isdigit() else chat, "message_id": int(number)}
