"""What turns text into vectors. There is one model per index: vectors of two fingerprints are never compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import KnowledgeUnavailable

Vectors: TypeAlias = NDArray[np.float32]
"""One row per text, each of length 1, so that a product of two of them is their cosine."""


WORD_MARKS = ("", "\u2581", "\u0120")
"""What stands before a word in the vocabularies of WordPiece, SentencePiece and byte-level BPE."""


class TextRefused(KnowledgeUnavailable):
    """The model is there and will not take this one text, or one of these: the others can be embedded without it."""


class Embedder(Protocol):
    """Blocking; see ``lanes`` for threads. Texts of any kind are taken, empty ones and broken Unicode included.

    ``limit`` is the number of tokens of a text that count, prompt and special tokens taken off; what follows is cut off.
    ``fingerprint`` changes with anything that changes the vectors: weights, precision, pooling, prompts, limit, dimensions.
    """

    @property
    def limit(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int:
        """How long a vector is."""

    @property
    def lanes(self) -> int:
        """How many threads may embed documents while another one embeds questions. 0: one thread does all, in turn."""

    @property
    def batch(self) -> int:
        """How many documents one call should bring."""

    def count(self, texts: Sequence[str]) -> list[int]: ...

    def knows(self, word: str) -> bool:
        """Whether a lower-case word is one that the model has as a whole, and so no error. True where that is not known."""

    def embed_questions(self, texts: Sequence[str]) -> Vectors: ...

    def embed_documents(self, texts: Sequence[str]) -> Vectors: ...


def unit(vectors: Vectors) -> Vectors:
    """The same directions at length 1; what has no direction stays nothing."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
