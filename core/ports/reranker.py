"""Reads a question beside each passage that was found, which says more than how near their vectors are, and costs more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Reranker(Protocol):
    """``rerank`` gives one finite number for each passage, in their order; the higher, the better it fits.

    Whatever it raises, and when it takes too long, the order of the search stays. Close it with ``aclose`` where it has that.
    """

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]: ...
