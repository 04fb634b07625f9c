"""Says whether sentences of an answer are borne out by what was given for it: a language model, or one made for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Verdict(StrEnum):
    """Of one sentence. ``ARITHMETIC``: it follows from what is given by calculation.

    ``NO_CLAIM``: talk, a question, a refusal. ``UNKNOWN``: it says that the answer is not known, or was not found.
    ``PROMISES``: it says that something was done, is being done or will be done for the customer.
    """

    SUPPORTED = "supported"
    ARITHMETIC = "arithmetic"
    NO_CLAIM = "no_claim"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"
    PROMISES = "promises"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer, and the places (from 0) of the passages it may rest on."""

    text: str
    passages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """What is to be looked at: the customer's words, passages and tools' results, and sentences of one answer."""

    customer: str
    passages: Sequence[str]
    sentences: Sequence[Sentence]


class Verifier(Protocol):
    """Raises nothing: a sentence that no verdict is known of is missing from what it gives."""

    async def verify(self, request: Verification) -> Mapping[int, Verdict]:
        """Verdicts by the sentence's place."""
