"""The line with which staff choose whom a reply goes to: its first, ``To: ann@example.com, Ben <ben@example.com>``. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from core.domain.messages import Message, StaffAction
from core.ports.store import TurnState

CHOSEN: Final = "chosen"
"""In ``Message.meta`` of what staff wrote: the addresses that its line names; a part of the line that is no address, as it is."""
_LONGEST: Final = 4_000
_BEGINS: Final = re.compile(r"[\s*_]{0,9}to[*_]{0,3}\s{0,3}:", re.IGNORECASE)
_AROUND: Final = re.compile(r"[\s<>|\[\]()]+|mailto:")
"""What stands around an address, also where Slack or a mail program makes it a link."""


def with_choice(turn: TurnState) -> TurnState:
    """What staff wrote and edited in this turn, without its line; ``meta`` says whom it named."""
    changes = tuple(replace(one, message=_chosen(one.message)) for one in turn.changes)
    return replace(turn, pending=tuple(map(_chosen, turn.pending)), changes=changes)


def _chosen(message: Message) -> Message:
    line, _, text = message.text.lstrip().partition("\n")
    begins = _BEGINS.match(line)
    if begins is None or "@" not in line or message.action not in (None, StaffAction.REPLY):
        return message
    parts = [part.strip() for part in re.split(r"[,;]", line[begins.end() :]) if part.strip(" *_")]
    named = [_address(part) or part for part in parts] if len(line) <= _LONGEST else [line]
    return replace(message, text=text.lstrip("\n"), meta={**message.meta, CHOSEN: named})


def _address(part: str) -> str | None:
    """None for anything but an address, with or without a name in front of it."""
    part = part.lower().strip(" *_")
    found = {word for word in _AROUND.split(part) if "@" in word}
    if len(found) != 1:
        return None
    (address,) = found
    name, tail = part.partition(address)[0].rstrip(), part.rpartition(address)[2]
    return address if not tail.strip(" >])") and (not name or name.endswith(("<", "[", "(", ":"))) else None
