"""Sentences that the rule neither refuses nor finds in their sources' own words, as they are handed to whoever decides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, and the texts of the sources that it is to rest on."""

    sentence: str
    passages: tuple[str, ...]


Verify = Callable[[Sequence[Claim]], Awaitable[frozenset[str]]]
"""Gives those of the sentences that their passages do not say."""
