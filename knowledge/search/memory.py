"""A corpus that is held in memory as a whole: for evaluations and experiments, where no index is to be written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.documents import Chunk
from knowledge.index.records import category_key
from knowledge.search.arrays import Arrays
from knowledge.search.corpus import PassageText

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class MemoryCorpus:
    """See knowledge.search.corpus.Corpus. ``document_ids`` are the names by which documents were given."""

    epoch: int
    arrays: Arrays
    held: Sequence[Passage]

    def texts(self) -> Iterator[PassageText]:
        """The words of every passage."""
        for each in self.held:
            yield PassageText(each.title, each.section, each.content, each.language, each.question is not None)

    def passages(self, rows: Sequence[int]) -> Sequence[Passage]:
        """What is returned."""
        return [self.held[row] for row in rows]


def memory_corpus(documents: Iterable[tuple[str, Sequence[Chunk]]], embed: Embed, epoch: int = 1) -> MemoryCorpus:
    """A corpus of chunked documents; each text is embedded once, however many passages it leads to."""
    texts: dict[str, int] = {}
    categories: dict[str, int] = {}
    languages: dict[str, int] = {}
    held: list[Passage] = []
    records: list[tuple[int, int]] = []
    numbers: list[tuple[int, int, int]] = []
    for number, (name, chunks) in enumerate(documents):
        for chunk in chunks:
            records += [(texts.setdefault(text, len(texts)), len(held)) for text in dict.fromkeys(chunk.embedded)]
            category = categories.setdefault(category_key(chunk.category), len(categories)) if chunk.category else -1
            language = languages.setdefault(chunk.language, len(languages)) if chunk.language else -1
            numbers.append((number, category, language))
            held.append(_passage(f"{number}-{len(held)}", name, chunk))
    vectors = np.asarray(embed(list(texts)), np.float32) if texts else np.zeros((0, 1), np.float32)
    of_records = np.array(records, np.int32).reshape(-1, 2)
    of_passages = np.array(numbers, np.int32).reshape(-1, 3)
    arrays = Arrays(
        vectors=vectors,
        vector_of=of_records[:, 0],
        passage_of=of_records[:, 1],
        document_of=of_passages[:, 0],
        category_of=of_passages[:, 1],
        language_of=of_passages[:, 2],
        staff_only=np.array([each.audience is KnowledgeAudience.STAFF for each in held], np.bool_),
        categories=categories,
        languages=languages,
    )
    return MemoryCorpus(epoch, arrays, held)


def _passage(identity: str, document: str, chunk: Chunk) -> Passage:
    return Passage(
        id=identity,
        document_id=document,
        title=chunk.title,
        content=chunk.content,
        source=document,
        score=0.0,
        section=chunk.section,
        page=chunk.page,
        url=chunk.url,
        category=chunk.category,
        question=chunk.question,
        answer=chunk.answer,
        audience=chunk.audience,
        language=chunk.language,
    )
