"""The index of words of one epoch: BM25 over passages, whole documents and titles.

What meaning alone misses is found by words: names of products, error codes, the one rare word of a question. Each field's
share is divided by what the question's words could bring at most, so that a score says the same for a short and a long question
and in every knowledge base. The weights were chosen on the ``dev`` halves of two question sets; a passage holds its titles
as well, which is why its own share counts for more than that of the whole document.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.search.language import function_words, language_of
from knowledge.search.postings import Postings
from knowledge.search.spelling import Spelling
from knowledge.search.wording import dense, groups_of, identifies, stems, words_of

LAYOUT = 2
"""Raise it when words are cut or stemmed in another way: what was cached is then built anew."""

_ATTAINABLE = 1.6
"""BM25 reaches about this many times the idf of the question's words in a short passage that holds all of them."""
_MOST = 1.2
_FEW, _RARE = 5, 0.005
_NONE = np.zeros(0, np.int32)
_MOST_TERMS = 64
"""Of a long message the first words; each further one costs time and says little."""
FIELDS = {"passages": 0.3, "documents": 0.1, "heads": 0.3}


@dataclass(frozen=True, slots=True)
class WordIndex:
    """``document_of`` and ``head_of`` give a passage's row in the fields of documents and titles.

    ``languages``: those of the passages, the commonest first.
    """

    vocabulary: dict[str, int]
    languages: tuple[str, ...]
    fields: dict[str, Postings]
    document_of: NDArray[np.int32]
    head_of: NDArray[np.int32]
    spelling: Spelling

    def mended(self, question: str, knows: Callable[[str], bool]) -> str:
        """The question without its typing errors. ``knows``: whether a word is one that the model has as a whole.

        One in a language of which there are no documents stays as it is: its words are no errors.
        """
        if self._is_foreign(question):
            return question
        common = function_words()
        spoken = [common.get(language, frozenset()) for language in ("en", *self.languages)]
        return self.spelling.mended(question, lambda word: any(word in some for some in spoken) or knows(word))

    def scores(self, question: str) -> NDArray[np.float32]:
        """(passages,) what the words of a question add to the cosine, 0 to about 1."""
        groups = self._terms(question)
        total = np.zeros(len(self.document_of), np.float32)
        terms = [term for group in groups for term in group]
        if not terms:
            return total
        for name, weight in FIELDS.items():
            field = self.fields[name]
            found = np.zeros(field.rows, np.float32)
            field.add(terms, found)
            most = sum(max((field.idf(term) for term in group), default=field.idf(None)) for group in groups)
            found *= 1 / (_ATTAINABLE * most)
            np.minimum(found, _MOST, out=found)
            found *= weight
            total += found if name == "passages" else found[self._rows(name)]
        return total

    def unknown(self, question: str) -> float:
        """The share of the question's words that no document holds, 0 to 1; 0 for a question in another language."""
        if self._is_foreign(question):
            return 0.0
        field = self.fields["passages"]
        weights = [
            (max((field.idf(term) for term in group), default=field.idf(None)), bool(group))
            for group in self._terms(question)
        ]
        whole = sum(weight for weight, _ in weights)
        return sum(weight for weight, held in weights if not held) / whole if whole else 0.0

    def named(self, question: str) -> NDArray[np.int32]:
        """The passages that hold an identifier of the question, if few do: they are meant, whatever they are about."""
        field = self.fields["passages"]
        terms = [self.vocabulary.get(word) for group in groups_of(question) for word in group if identifies(word)]
        found = [field.holding(term) for term in terms if term is not None]
        few = max(_FEW, int(field.rows * _RARE))
        return np.unique(np.concatenate([rows for rows in found if len(rows) <= few] or [_NONE]))

    def _is_foreign(self, question: str) -> bool:
        return language_of(words_of(question)) not in (None, *self.languages)

    def _rows(self, field: str) -> NDArray[np.int32]:
        return self.document_of if field == "documents" else self.head_of

    def _terms(self, question: str) -> list[list[int]]:
        """For each word of the question its terms: none for one that no document holds, more where its language is open."""
        words = self._words(question)
        language = language_of(words)
        if language not in self.languages:
            language = None
        silent = function_words().get(language or next(iter(self.languages), "en"), frozenset())
        telling = [word for word in words if word not in silent] or words
        telling = telling[:_MOST_TERMS]
        spoken: Sequence[str | None] = (language,) if language else self.languages or (None,)
        forms = zip(*(stems(telling, each) for each in spoken), strict=True)
        distinct = {tuple(sorted(set(each))) for each in forms}
        return [[term for form in each if (term := self.vocabulary.get(form)) is not None] for each in sorted(distinct)]

    def _words(self, question: str) -> list[str]:
        """Of an identifier, and of a run of characters without spaces, the pieces that no document holds say nothing."""
        found: list[str] = []
        for group in groups_of(question):
            certain = group if len(group) == 1 else [] if dense(group[0]) else group[:-1]
            found.extend(certain or [piece for piece in group if piece in self.vocabulary] or group[:1])
            if certain is not group and certain and group[-1] in self.vocabulary:
                found.append(group[-1])
        return found

    def save(self, folder: Path) -> None:
        """Writes the index into ``folder``; who looks while it is written, or after a loss of power, sees nothing there."""
        building = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        for name, field in self.fields.items():
            field.save(building, name)
        np.save(building / "document_of.npy", self.document_of)
        np.save(building / "head_of.npy", self.head_of)
        about = {"layout": LAYOUT, "languages": self.languages, "rows": {n: f.rows for n, f in self.fields.items()}}
        (building / "vocabulary.txt").write_text("\n".join(self.vocabulary), "utf-8")
        (building / "spellings.txt").write_text("\n".join(self.spelling.words), "utf-8")
        (building / "about.json").write_text(json.dumps(about), "utf-8")
        for path in building.iterdir():
            with path.open("rb+") as content:
                os.fsync(content.fileno())
        shutil.rmtree(folder, ignore_errors=True)
        building.replace(folder)

    @classmethod
    def load(cls, folder: Path) -> WordIndex | None:
        """What ``save`` wrote; None when it is not there, broken or of another layout."""
        try:
            about = json.loads((folder / "about.json").read_text("utf-8"))
            if about["layout"] != LAYOUT:
                return None
            terms = (folder / "vocabulary.txt").read_text("utf-8").split("\n")
            fields = {name: Postings.load(folder, name, about["rows"][name]) for name in FIELDS}
            of = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("document_of", "head_of")]
            vocabulary = {term: number for number, term in enumerate(terms)} if terms != [""] else {}
            spelling = Spelling.of((folder / "spellings.txt").read_text("utf-8").split("\n"))
            found = cls(vocabulary, tuple(about["languages"]), fields, of[0], of[1], spelling)
            return found if found._is_whole() else None
        except Exception:  # whatever the disk has left of it: the words are made anew, and nobody waits for a person
            return None

    def _is_whole(self) -> bool:
        """Whether its parts are of one length, as far as that can be seen without reading them."""
        rows = self.fields["passages"].rows
        ends = (
            len(field.starts) == len(self.vocabulary) + 1 and field.starts[-1] == len(field.where) == len(field.weight)
            for field in self.fields.values()
        )
        return len(self.document_of) == len(self.head_of) == rows and all(ends)
