"""An embedder without a model: a text's vector is the sum of its words' own, so equal texts are equal and shared words near."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DIMENSIONS = 512


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """(texts, dimensions), each of length 1."""
    found = np.stack(
        [np.sum([_vector_of(word) for word in text.casefold().split()] or [_vector_of("")], axis=0) for text in texts]
    )
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def _vector_of(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8])
    return np.random.default_rng(seed).standard_normal(_DIMENSIONS)
