"""What is done to a message that a customer has already: an outbound message of its own, in order with all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_ALTERS = "alters"


class Altering(StrEnum):
    """edit: the text of the outbound message takes its place. delete: it is taken away. react: an emoji on it."""

    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"


@dataclass(frozen=True, slots=True)
class Alteration:
    """``of``: the message's ids at its provider, one for each part. ``present``: whether the emoji is put on or taken off."""

    how: Altering
    of: tuple[str, ...]
    emoji: str = ""
    present: bool = True

    def meta(self) -> Mapping[str, Any]:
        """For an outbound message that does this."""
        return {
            _ALTERS: {"how": str(self.how), "of": list(self.of), "emoji": self.emoji, "present": self.present},
        }


def alteration_in(meta: Mapping[str, Any]) -> Alteration | None:
    """What an outbound message does to another one; None for one that only says something."""
    found = meta.get(_ALTERS)
    if not isinstance(found, Mapping):
        return None
    return Alteration(Altering(found["how"]), tuple(found["of"]), str(found["emoji"]), bool(found["present"]))
