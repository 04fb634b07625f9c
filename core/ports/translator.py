"""Puts what customers and staff write into each other's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Translation:
    """``text`` is None where there is none that may be shown: the model failed, or its translation ``lost`` these
    numbers, links, codes or addresses of the original, or made some up.

    The same text as the original: it is in that language already.
    """

    text: str | None
    lost: tuple[str, ...] = ()


class Translator(Protocol):
    """Neither method raises, or takes longer than a customer should wait for it: the original is always there instead."""

    async def translate(self, text: str, language: str) -> Translation:
        """``language``: an ISO 639-1 code."""

    async def language_of(self, texts: Sequence[str]) -> str | None:
        """In which of them somebody writes, the newest text first; an ISO 639-1 code, None where nobody can tell."""
