"""To which messages in channels and groups the agent listens without being mentioned there. A mention always asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Mode(StrEnum):
    """mention: to none. first: to the first message of a thread. every: to all. emoji and staff_emoji: to what somebody, or
    somebody of the staff, has marked.

    Whatever the mode, a thread goes on that is a conversation already.
    """

    MENTION = "mention"
    FIRST = "first"
    EVERY = "every"
    EMOJI = "emoji"
    STAFF_EMOJI = "staff_emoji"


@dataclass(frozen=True, slots=True)
class Modes:
    """By the ids of channels; ``default`` for all others."""

    default: Mode = Mode.MENTION
    places: Mapping[str, Mode] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Sequence[str]) -> Modes:
        """Read such as ``mention`` for all and ``C0123456789=every`` for one. Raises ValueError."""
        pairs = [one.rpartition("=") for one in entries]
        if unknown := [mode for _, _, mode in pairs if mode.strip() not in tuple(Mode)]:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(Mode)}.")
        named = {place.strip(): Mode(mode.strip()) for place, _, mode in pairs}
        default = named.pop("", Mode.MENTION)
        return cls(default, named)

    @property
    def used(self) -> frozenset[Mode]:
        """All that are set for some place."""
        return frozenset((self.default, *self.places.values()))

    def at(self, place: str) -> Mode:
        """The mode of a channel."""
        return self.places.get(place, self.default)

    def begin(self, place: str, *, in_thread: bool) -> bool:
        """Whether a message without a mention begins a conversation."""
        mode = self.at(place)
        return mode is Mode.EVERY or (mode is Mode.FIRST and not in_thread)


MENTIONS_ONLY: Final = Modes()
