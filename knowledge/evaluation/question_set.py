"""A question set on the disk: documents, questions with the documents that answer them, and questions that nothing answers.

The format is described in docs/reference/question-sets.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.domain.errors import ConfigError
from knowledge.calibrate.labelled import json_lines
from knowledge.chunk.chunker import Chunker
from knowledge.convert.markdown import blocks_of
from knowledge.documents import Chunk, Document, SourceFile, UnreadableDocument
from knowledge.index.distinct import distinct

SAMPLE_QUESTIONS = Path(__file__).with_name("sample")
"""Questions to the sample knowledge, in customers' own words."""
_DOCUMENTS, _QUESTIONS, _OUTSIDE = "docs.jsonl", "queries.jsonl", "oos.jsonl"

Chunked = list[tuple[str, Sequence[Chunk]]]


@dataclass(frozen=True, slots=True)
class Question:
    """``relevant`` are ids of documents. ``split`` is ``dev`` or ``test``; nothing is ever chosen on ``test``."""

    text: str
    relevant: frozenset[str]
    split: str
    language: str


@dataclass(frozen=True, slots=True)
class ForeignQuestion:
    """``kind``: ``near`` (the topic, but no answer), ``far`` (another company's) or ``chat``."""

    text: str
    kind: str
    split: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions of the wanted split; ``folder`` holds the documents, too, unless they are those of a knowledge base."""

    name: str
    folder: Path
    questions: tuple[Question, ...]
    foreign: tuple[ForeignQuestion, ...]

    @property
    def brings_documents(self) -> bool:
        """Whether it asks documents of its own."""
        return (self.folder / _DOCUMENTS).exists()

    def chunked(self, chunker: Chunker, files: Sequence[SourceFile]) -> Chunked:
        """The documents, cut as an index run cuts them. ``files``: those that are asked where the set has no documents."""
        rows = self.folder / _DOCUMENTS
        return _of_rows(rows, chunker) if self.brings_documents else chunk_files(files, chunker)

    def about(self, documents: Chunked) -> QuestionSet:
        """With the right answers by the names of these documents: ``guide.md`` is ``docs/guide.md`` of a knowledge base.

        Raises ConfigError where none of them is there: every figure would be 0, and say nothing of the search.
        """
        if self.brings_documents:
            return self
        names = [name for name, _ in documents]
        found = {one: _ending_in(one, names) for one in frozenset().union(*(each.relevant for each in self.questions))}
        if not any(found.values()):
            raise ConfigError(
                f"{self.folder}: none of the documents that {_QUESTIONS} names as right is in the knowledge that is asked."
            )
        questions = tuple(
            replace(each, relevant=frozenset(name for one in each.relevant for name in found[one] or {one}))
            for each in self.questions
        )
        return replace(self, questions=questions)


def _ending_in(wanted: str, names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if f"/{name}".endswith(f"/{wanted}"))


def question_sets(folder: Path, split: str | None) -> list[QuestionSet]:
    """The sets in ``folder`` and below it. Raises ConfigError when there is none, or a line is broken."""
    found = [read_set(path.parent, split) for path in sorted(folder.rglob(_QUESTIONS))]
    if not found:
        raise ConfigError(f"There is no question set in {folder}: no {_QUESTIONS}, there or in a folder below.")
    return found


def read_set(folder: Path, split: str | None) -> QuestionSet:
    """One set; ``split`` None takes all questions. Raises ConfigError."""
    inside = json_lines(folder / _QUESTIONS, ("text", "relevant"))
    outside = json_lines(folder / _OUTSIDE, ("text",)) if (folder / _OUTSIDE).exists() else []
    questions = tuple(
        Question(
            str(row["text"]), frozenset(map(str, row["relevant"])), _split(row), str(row.get("language", "unsaid"))
        )
        for row in _in_split(inside, split)
    )
    foreign = tuple(
        ForeignQuestion(str(row["text"]), str(row.get("kind", "far")), _split(row)) for row in _in_split(outside, split)
    )
    if not questions:
        raise ConfigError(f"{folder / _QUESTIONS} holds no question of the split {split}")
    return QuestionSet(folder.name, folder, questions, foreign)


def _in_split(rows: Iterable[Mapping[str, Any]], split: str | None) -> list[Mapping[str, Any]]:
    return [row for row in rows if split is None or _split(row) == split]


def _split(row: Mapping[str, Any]) -> str:
    return str(row.get("split", "test"))


def _of_rows(path: Path, chunker: Chunker) -> Chunked:
    return [
        (str(row["id"]), chunker.chunks(Document(str(row.get("title", "")), tuple(blocks_of(str(row["text"]))))))
        for row in json_lines(path, ("id", "text"))
    ]


def chunk_files(files: Sequence[SourceFile], chunker: Chunker) -> Chunked:
    """Each file is a document, and so is each entry of a FAQ: ``faq.yaml#How do I …?``. What cannot be read is
    in no index either."""
    from knowledge.convert.converter import Converter  # readers of documents weigh much, and most sets bring their own

    converter = Converter()
    found: dict[str, list[Chunk]] = {}
    for file in files:
        try:
            chunks = distinct(chunker.chunks(converter.convert(file.path).described_by(file)))
        except (UnreadableDocument, OSError):
            continue
        for chunk in chunks:
            name = f"{file.source}#{chunk.question}" if chunk.question else file.source
            found.setdefault(name, []).append(chunk)
    return list(found.items())
