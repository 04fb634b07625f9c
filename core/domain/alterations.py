"""What is done to a message that a customer has already: an outbound message of its own, in order with all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core.domain.messages import Message

_ALTERS = "alters"
CORRECTS, WITHDRAWS = "corrects", "withdraws"
"""In the meta of a message that only says how another one should have read: the id of that, and whether not at all."""


class Altering(StrEnum):
    """edit: the text of the outbound message takes its place. delete: it is taken away. react: an emoji on it."""

    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"


@dataclass(frozen=True, slots=True)
class Alteration:
    """``of``: the message's ids at its provider, one for each part. ``present``: whether the emoji is put on or taken off.

    ``message_id``: the hub's own id of a message that is edited or deleted.
    """

    how: Altering
    of: tuple[str, ...]
    emoji: str = ""
    present: bool = True
    message_id: str = ""

    def meta(self) -> Mapping[str, Any]:
        """For an outbound message that does this."""
        said = {"how": str(self.how), "of": list(self.of), "emoji": self.emoji, "present": self.present}
        return {_ALTERS: {**said, "message": self.message_id}}


def alteration_in(meta: Mapping[str, Any]) -> Alteration | None:
    """What an outbound message does to another one; None for one that only says something."""
    found = meta.get(_ALTERS)
    if not isinstance(found, Mapping):
        return None
    of, emoji, present = tuple(found["of"]), str(found["emoji"]), bool(found["present"])
    return Alteration(Altering(found["how"]), of, emoji, present, str(found.get("message") or ""))


def changed_message(meta: Mapping[str, Any]) -> str:
    """The hub's own id of the message that an outbound one edits, deletes, corrects or withdraws; empty for any other."""
    change = alteration_in(meta)
    return change.message_id if change is not None else str(meta.get(CORRECTS) or "")


def as_altered(said: Sequence[Message]) -> list[Message]:
    """A conversation, in order, as its customer reads it now: with the words that a message was given since, and without what
    only changes another one. ``said`` holds no alteration that never came: then the customer has the message as it was.
    """
    found: dict[str, Message] = {}
    for one in said:
        done = alteration_in(one.meta)
        if done is None:
            found[one.id] = one
        elif done.message_id in found and done.how is not Altering.REACT:
            found[done.message_id] = _altered(found[done.message_id], done.how, one)
    return list(found.values())


def _altered(message: Message, how: Altering, by: Message) -> Message:
    if how is Altering.DELETE:
        return replace(message, deleted_at=by.created_at)
    return replace(message, text=by.text, edited_at=by.created_at)
