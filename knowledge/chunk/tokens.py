"""Counting in the embedding model's own tokens, the only measure by which it cuts texts off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class TokenCounter(Protocol):
    """``limit`` is the most tokens of a text that count, the model's special tokens and prompt already taken off."""

    @property
    def limit(self) -> int: ...

    def count(self, texts: Sequence[str]) -> list[int]: ...


CHARACTERS_PER_TOKEN = 16
"""More than any prose has: what lies beyond need not be counted, which keeps a megabyte without a full stop cheap."""


def fits(counter: TokenCounter, text: str, limit: int) -> bool:
    """Whether ``text`` has at most ``limit`` tokens. Only what may have so few is counted: that takes many times its memory."""
    return len(text) <= max(1, limit) * CHARACTERS_PER_TOKEN and counter.count([text])[0] <= limit


def longest_start(counter: TokenCounter, text: str, limit: int) -> int:
    """How many characters of ``text`` fit into ``limit`` tokens, at least one; cut at a space where there is one."""
    low, high = 1, min(len(text), max(1, limit) * CHARACTERS_PER_TOKEN)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(counter, text[:middle], limit) else (low, middle - 1)
    if low == len(text):
        return low
    space = max(text.rfind(" ", 1, low + 1), text.rfind("\n", 1, low + 1))
    return space if space > low // 2 else low
