"""Builds the index of words from the passages of an epoch, in one pass over their texts."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.chunk.plain import plain
from knowledge.process.programs import PACKAGES, command
from knowledge.search.corpus import Corpus, PassageText
from knowledge.search.language import HINTS_OF_A_PASSAGE, language_of, primary
from knowledge.search.postings import Postings, postings_of
from knowledge.search.spelling import Spelling
from knowledge.search.wording import has_stems, stems, words_of
from knowledge.search.words import FIELDS, LAYOUT, WordIndex

MANY = 2000
"""Passages from which on a process of its own is worth its start."""
_KEPT = 2
"""Caches on the disk: this epoch's, and the one that another process may still be loading."""
_ABANDONED = 3600.0
"""Seconds after which nobody is writing a cache any more."""
_MOST_UNSTEMMED = 30
"""Languages without a stemmer that are told apart: pages say whatever they like of theirs."""
_SOME = "und"
"""Any of the others (ISO 639-3, undetermined)."""


def build_words(texts: Iterable[PassageText], document_of: NDArray[np.int32]) -> WordIndex:
    """The index of words; takes seconds for tens of thousands of passages, so never on a question's way."""
    reading = _Reading()
    for text, document in zip(texts, document_of.tolist(), strict=True):
        reading.take(text, document)
    return reading.index()


def words_for(corpus: Corpus, folder: Path) -> WordIndex:
    """The index of words of this epoch, from ``folder`` when it is there, and there afterwards. Raises OSError."""
    place = folder / f"words-{LAYOUT}-{corpus.epoch}-{_digest(corpus)}"
    found = WordIndex.load(place)
    if found is None:
        if len(corpus.arrays.document_of) < MANY or not built_apart(corpus, place):
            build_words(corpus.texts(), corpus.arrays.document_of).save(place)
        found = WordIndex.load(place) or build_words(corpus.texts(), corpus.arrays.document_of)
        _tidy(folder)
    return found


def keep_words_of(folder: Path) -> None:
    """Removes the words of models that are no longer used: all folders beside this one."""
    for other in folder.parent.iterdir() if folder.parent.is_dir() else ():
        if other.name != folder.name:
            shutil.rmtree(other, ignore_errors=True)


def built_apart(corpus: Corpus, place: Path) -> bool:
    """Has another process build and save the words, so that no question waits for this one's Python. Whether it did."""
    head = {"folder": str(place.absolute()), "passages": len(corpus.arrays.document_of)}
    with subprocess.Popen(  # noqa: S603 - a program of ours
        command("knowledge.search.build_worker"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=PACKAGES,
    ) as child:
        assert child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died: the return code says so
            child.stdin.write(json.dumps(head).encode() + b"\n")
            for text, document in zip(corpus.texts(), corpus.arrays.document_of.tolist(), strict=True):
                child.stdin.write(json.dumps([*astuple(text), document]).encode() + b"\n")
            child.stdin.close()
    return child.returncode == 0


def _digest(corpus: Corpus) -> str:
    """A second guard beside the epoch, whose numbers begin anywhere: a few numbers of each vector tell what it was made of."""
    found = sha256(np.ascontiguousarray(corpus.arrays.vectors[:, :4]).tobytes())
    for each in (corpus.arrays.vector_of, corpus.arrays.passage_of, corpus.arrays.document_of):
        found.update(np.ascontiguousarray(each).tobytes())
    return found.hexdigest()[:16]


def _tidy(folder: Path) -> None:
    """Leaves the newest caches, and what others are writing; files that are still mapped live on until they are let go."""
    written = {path: _written_at(path) for path in folder.glob("words-*")}
    caches = sorted((path for path in written if path.suffix != ".part"), key=written.__getitem__, reverse=True)
    newest = max(written.values(), default=0.0)
    abandoned = [path for path, at in written.items() if path.suffix == ".part" and newest - at > _ABANDONED]
    for old in [*caches[_KEPT:], *abandoned]:
        shutil.rmtree(old, ignore_errors=True)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process has tidied as well
        return 0.0


@dataclass(slots=True)
class _Field:
    """``words[i]`` stands in ``rows[i]``; ``languages`` holds each row's."""

    words: array[int] = field(default_factory=lambda: array("i"))
    rows: array[int] = field(default_factory=lambda: array("i"))
    languages: array[int] = field(default_factory=lambda: array("b"))

    def add(self, row: int, words: array[int], language: int) -> None:
        self.words.extend(words)
        self.rows.extend([row] * len(words))
        self.languages.extend([language] * len(words))

    def postings(self, tables: NDArray[np.int32], vocabulary: int, rows: int) -> Postings:
        words, places = np.asarray(self.words, np.int32), np.asarray(self.rows, np.int32)
        return postings_of(tables[np.asarray(self.languages), words], places, vocabulary, rows)


@dataclass(slots=True)
class _Reading:
    """Words are numbers from the start, so that memory holds each word once and each place four bytes."""

    numbers: dict[str, int] = field(default_factory=dict)
    tongues: list[str | None] = field(default_factory=lambda: [None])
    spoken: Counter[str] = field(default_factory=Counter)
    fields: dict[str, _Field] = field(default_factory=lambda: {name: _Field() for name in FIELDS})
    document_of: array[int] = field(default_factory=lambda: array("i"))
    head_of: array[int] = field(default_factory=lambda: array("i"))
    heads: dict[tuple[int, str, str | None], tuple[int, array[int]]] = field(default_factory=dict)
    documents: int = 0
    unstemmed: int = 0
    open_document: int = -1
    language: str | None = None

    def take(self, text: PassageText, document: int) -> None:
        words = words_of(plain(text.content))
        if text.unit or document != self.open_document:
            self.documents += 1
            self.language = None
        self.open_document = -1 if text.unit else document
        self.language = primary(text.language) or language_of(words, HINTS_OF_A_PASSAGE) or self.language
        tongue = self._tongue(self.language)
        head, title = self._head(text, tongue)
        content = self._numbered(words)
        self.fields["passages"].add(len(self.head_of), title + content, tongue)
        self.fields["documents"].add(self.documents - 1, content, tongue)
        self.document_of.append(self.documents - 1)
        self.head_of.append(head)

    def _head(self, text: PassageText, tongue: int) -> tuple[int, array[int]]:
        key = (tongue, text.title, text.section)
        if key not in self.heads:
            words = self._numbered(words_of(f"{text.title} {text.section or ''}"))
            self.heads[key] = len(self.heads), words
            self.fields["heads"].add(self.heads[key][0], words, tongue)
        return self.heads[key]

    def _numbered(self, words: Iterable[str]) -> array[int]:
        return array("i", [self.numbers.setdefault(word, len(self.numbers)) for word in words])

    def _tongue(self, language: str | None) -> int:
        if language not in self.tongues:
            if language and not has_stems(language):
                self.unstemmed += 1
                language = language if self.unstemmed <= _MOST_UNSTEMMED else _SOME
            if language not in self.tongues:
                self.tongues.append(language)
        if language:
            self.spoken[language] += 1
        return self.tongues.index(language)

    def index(self) -> WordIndex:
        """Words become terms here, when it is known which language most passages are in: it stands in for the unknown."""
        languages = tuple(language for language, _ in self.spoken.most_common())
        vocabulary: dict[str, int] = {}
        words = list(self.numbers)
        tables = np.zeros((len(self.tongues), max(1, len(words))), np.int32)
        for number, language in enumerate(self.tongues):
            used = self._used(number)
            forms = stems([words[word] for word in used], language or next(iter(languages), None))
            tables[number, used] = [vocabulary.setdefault(form, len(vocabulary)) for form in forms]
        rows = {"passages": len(self.head_of), "documents": self.documents, "heads": len(self.heads)}
        fields = {name: each.postings(tables, len(vocabulary), rows[name]) for name, each in self.fields.items()}
        of = (np.array(self.document_of, np.int32), np.array(self.head_of, np.int32))
        return WordIndex(vocabulary, languages, fields, *of, Spelling.of(self._commonest(words)))

    def _commonest(self, words: Sequence[str]) -> Iterator[str]:
        times = np.bincount(np.asarray(self.fields["passages"].words, np.int64), minlength=len(words))
        return (words[place] for place in np.argsort(-times, kind="stable"))

    def _used(self, tongue: int) -> NDArray[np.int64]:
        """The words that occur in this language: one in ten of all, where many languages meet."""
        found = [
            np.unique(np.asarray(each.words)[np.asarray(each.languages) == tongue]) for each in self.fields.values()
        ]
        return np.unique(np.concatenate(found)).astype(np.int64)
