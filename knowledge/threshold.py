"""Decides from which cosine on a passage may be quoted as an answer."""

from __future__ import annotations

from pathlib import PurePath

_MEASURED = {"all-MiniLM-L6-v2": 0.42}
"""On the sample knowledge: keeps nine of ten questions in customers' own words and lets no chat and no other trade's question
through; questions that are close to the topic but have no answer are the limit of any such figure."""
_CAUTIOUS = 0.5


def threshold_for(model: str) -> float:
    """The figure measured for this model, or a cautious one."""
    return _MEASURED.get(PurePath(model).name, _CAUTIOUS)
