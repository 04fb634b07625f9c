"""What turns text into vectors. There is one model per index: vectors of two fingerprints are never compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Blocking and not thread-safe: one thread owns it. Vectors have length 1, so their product is the cosine.

    ``limit`` is the number of tokens of a text that count, prompt and special tokens taken off. ``fingerprint`` changes
    with anything that changes the vectors.
    """

    @property
    def limit(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def name(self) -> str: ...

    def count(self, texts: Sequence[str]) -> list[int]: ...

    def embed_questions(self, texts: Sequence[str]) -> list[list[float]]: ...

    def embed_documents(self, texts: Sequence[str]) -> list[list[float]]: ...
