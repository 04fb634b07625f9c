"""Prompts of model families that were trained with them but do not name them in their own configuration."""

from __future__ import annotations

import re

_FAMILIES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"(^|[/_-])(multilingual-)?e5-(?!.*instruct)", re.IGNORECASE), "query: ", "passage: "),
    (
        re.compile(r"(^|/)bge-.*-en(-v1(\.5)?)?$", re.IGNORECASE),
        "Represent this sentence for searching relevant passages: ",
        "",
    ),
    (re.compile(r"(^|/)nomic-embed-text", re.IGNORECASE), "search_query: ", "search_document: "),
)
"""From the model cards of intfloat/e5-*, BAAI/bge-*-en and nomic-ai/nomic-embed-text."""


def family_prompts(model: str) -> tuple[str, str]:
    """Prompts for questions and for documents by the model's name; empty ones for a model that wants none."""
    for pattern, question, document in _FAMILIES:
        if pattern.search(model.rstrip("/")):
            return question, document
    return "", ""
