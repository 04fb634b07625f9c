"""What is measured of a ranking and of a score, and how sure a difference between two of them is."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 2000
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Ranking:
    """Means over all questions, each from 0 to 1."""

    ndcg: float
    mrr: float
    hit1: float
    hit5: float


def ndcg(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """nDCG@10 with relevance 0 or 1 (Järvelin and Kekäläinen 2002)."""
    gained = sum(1 / math.log2(place + 2) for place, name in enumerate(ranked[:_DEPTH]) if name in relevant)
    most = sum(1 / math.log2(place + 2) for place in range(min(len(relevant), _DEPTH)))
    return gained / most if most else 0.0


def reciprocal_rank(ranked: Sequence[str], relevant: Collection[str]) -> float:
    """One over the place of the first relevant one among ten."""
    return next((1 / place for place, name in enumerate(ranked[:_DEPTH], 1) if name in relevant), 0.0)


def hit(ranked: Sequence[str], relevant: Collection[str], depth: int) -> float:
    """1 when one of the first ``depth`` is relevant."""
    return float(any(name in relevant for name in ranked[:depth]))


def auroc(inside: NDArray[np.float32], outside: NDArray[np.float32]) -> float | None:
    """How often a question that has an answer scores above one that has none; ties count half."""
    if not len(inside) or not len(outside):
        return None
    ordered = np.sort(inside)
    below, upto = np.searchsorted(ordered, outside, "left"), np.searchsorted(ordered, outside, "right")
    return float(np.mean((len(ordered) - upto + (upto - below) / 2) / len(ordered)))


def difference(ours: Sequence[float], theirs: Sequence[float], seed: int = 1) -> tuple[float, float, float]:
    """The mean of ours less theirs, and where it lies with 95 %: a bootstrap over questions, pairs kept together."""
    pairs = np.asarray(ours) - np.asarray(theirs)
    draws = np.random.default_rng(seed).integers(0, len(pairs), (_RESAMPLES, len(pairs)))
    low, high = np.quantile(pairs[draws].mean(axis=1), [0.025, 0.975])
    return float(pairs.mean()), float(low), float(high)
