"""Passages and questions of a stated number, made of words as often as language has them (Zipf), for measuring a search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.search.arrays import Arrays
from knowledge.search.memory import MemoryCorpus

_WORDS, _PASSAGE, _PASSAGES_OF_A_DOCUMENT = 60_000, 90, 28
_SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def corpus_of(passages: int, dimensions: int = 384, seed: int = 1) -> MemoryCorpus:
    """A corpus of that many passages in four categories, every tenth one for staff alone."""
    random = np.random.default_rng(seed)
    vectors = random.standard_normal((passages, dimensions)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.arange(passages, dtype=np.int32)
    documents = (rows // _PASSAGES_OF_A_DOCUMENT).astype(np.int32)
    texts = [text_of(random, _PASSAGE) for _ in range(passages)]
    arrays = Arrays(
        vectors=vectors,
        vector_of=rows,
        passage_of=rows,
        document_of=documents,
        category_of=rows % 4,
        language_of=np.full(passages, -1, np.int32),
        staff_only=rows % 10 == 0,
        categories={f"category {number}": number for number in range(4)},
    )
    return MemoryCorpus(1, arrays, [_passage(row, int(documents[row]), text) for row, text in enumerate(texts)])


def text_of(random: np.random.Generator, words: int) -> str:
    """Words of made-up syllables; the same number is always the same word."""
    numbers: NDArray[np.int64] = np.minimum(random.zipf(1.25, words), _WORDS)
    return " ".join(_word(int(number)) for number in numbers) + "."


def _word(number: int) -> str:
    found = _SYLLABLES[number % len(_SYLLABLES)]
    while number := number // len(_SYLLABLES):
        found += _SYLLABLES[number % len(_SYLLABLES)]
    return found


def _passage(row: int, document: int, text: str) -> Passage:
    return Passage(
        id=str(row),
        document_id=str(document),
        title=f"Document {document}",
        content=text,
        source=f"document-{document}.md",
        score=0.0,
        section=f"Section {row % _PASSAGES_OF_A_DOCUMENT}",
        audience=KnowledgeAudience.STAFF if row % 10 == 0 else KnowledgeAudience.PUBLIC,
    )
