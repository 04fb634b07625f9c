"""What a model wants to stand before a question and before a passage, when it was trained with such words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_SEARCH = "Represent this sentence for searching relevant passages: "
_FAMILIES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"(^|[/_-])(multilingual-)?e5-(?!.*instruct)", re.IGNORECASE), "query: ", "passage: "),
    (
        re.compile(r"(^|[/_-])(multilingual-)?e5-.*instruct", re.IGNORECASE),
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
        "",
    ),
    (re.compile(r"(^|/)bge-.*-en(-v1(\.5)?)?$", re.IGNORECASE), _SEARCH, ""),
    (re.compile(r"(^|/)mxbai-embed-large", re.IGNORECASE), _SEARCH, ""),
    (re.compile(r"(^|/)nomic-embed-text", re.IGNORECASE), "search_query: ", "search_document: "),
    (re.compile(r"(^|/)embedding-?gemma", re.IGNORECASE), "task: search result | query: ", "title: none | text: "),
)
"""From the model cards of intfloat/e5-* and multilingual-e5-large-instruct, BAAI/bge-*-en, mixedbread-ai/mxbai-embed-large-v1,
nomic-ai/nomic-embed-text and google/embeddinggemma-300m, for copies that do not name them in their own configuration."""

_QUESTIONS = ("query", "search_query", "retrieval.query", "Retrieval-query", "s2p_query")
_DOCUMENTS = ("document", "passage", "search_document", "retrieval.passage", "Retrieval-document")
"""Under which names models' own configurations keep them (config_sentence_transformers.json)."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """Part of a fingerprint: another prompt makes other vectors."""

    question: str = ""
    document: str = ""


def prompts_for(model: str, own: Mapping[str, str], question: str | None, document: str | None) -> Prompts:
    """What was set counts, even when it is empty; then the model's own configuration, then its family's model card.

    An empty prompt in a configuration says nothing: sentence-transformers writes it for every model.
    """
    family = family_prompts(model)
    return Prompts(
        _first(question, own, _QUESTIONS, family[0]),
        _first(document, own, _DOCUMENTS, family[1]),
    )


def _first(given: str | None, own: Mapping[str, str], names: tuple[str, ...], family: str) -> str:
    if given is not None:
        return given
    return next((own[name] for name in names if own.get(name)), family)


def family_prompts(model: str) -> tuple[str, str]:
    """Prompts for questions and for documents by the model's name; empty ones for a model that wants none."""
    for pattern, question, document in _FAMILIES:
        if pattern.search(model.rstrip("/")):
            return question, document
    return "", ""
