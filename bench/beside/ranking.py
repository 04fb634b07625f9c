"""How good a ranking is."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path


def relevant_of(path: Path) -> Mapping[str, frozenset[str]]:
    """The documents that answer each question."""
    rows = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {str(row["id"]): frozenset(map(str, row["relevant"])) for row in rows}


def hit_at(places: int, found: Sequence[str], relevant: Collection[str]) -> float:
    """1 when one of the first ``places`` is relevant."""
    return float(any(document in relevant for document in found[:places]))


def ndcg_at(places: int, found: Sequence[str], relevant: Collection[str]) -> float:
    """With gains of 0 and 1."""
    gained = sum(1 / math.log2(place + 2) for place, document in enumerate(found[:places]) if document in relevant)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(places, len(relevant))))
    return gained / ideal if ideal else 0.0
