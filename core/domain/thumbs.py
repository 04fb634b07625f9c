"""What a thumb on an answer says of it. Everywhere the same: a button on one platform is an emoji on another."""

from __future__ import annotations

from typing import Final, Literal

Rating = Literal["up", "down"]

_THUMBS: Final[dict[str, Rating]] = {"👍": "up", "👎": "down"}
_TONES: Final = dict.fromkeys([*range(127995, 128000), 65039])
"""Colours of skin, and the mark that asks for a picture: they say nothing of the answer."""


def rating_of(emoji: str) -> Rating | None:
    """``up`` or ``down``; None for an emoji that is no thumb, which is kept and rates nothing."""
    return _THUMBS.get(emoji.translate(_TONES))
