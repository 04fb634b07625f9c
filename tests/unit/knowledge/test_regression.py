"""What a proposed entry would push out of the first place is known before it goes live, and nothing is written for that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.errors import ConfigError
from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.calibrate.bounds import Bounds
from knowledge.chunk.chunker import Chunker
from knowledge.documents import Chunk, Document, FaqEntry
from knowledge.embed.embedder import TextRefused
from knowledge.evaluation import regression
from knowledge.evaluation.regression import RegressionSet, is_right
from knowledge.process.searchable import Searchable
from knowledge.search.build import build_words
from knowledge.search.memory import memory_corpus
from tests.unit.knowledge.bag_of_words import embed
from tests.unit.knowledge.wordpiece import WordPieceCounter

CHUNKER = Chunker(WordPieceCounter(), 64)
FAQ = (
    FaqEntry("How do I reset my password?", "Press Forgotten on the login page."),
    FaqEntry("What does the Team plan cost?", "Nine dollars per member per month."),
)

ASKED = {"how do I reset my password please", "where are exports made", "what does the team plan cost"}


def _searchable() -> Searchable:
    guide = Chunk("Guide", "Exports are made under Settings.", ("Guide\nExports are made under Settings.",))
    documents = [("shop/faq.yaml", CHUNKER.chunks(Document("FAQ", entries=FAQ))), ("shop/guide.md", [guide])]
    corpus = memory_corpus(documents, embed)
    words = build_words(corpus.texts(), corpus.arrays.document_of)
    return Searchable(corpus, words, Bounds(0.4, 0.3))  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"text": "how do I reset my password please", "relevant": ["faq.yaml#How do I reset my password?"]},
        {"text": "where are exports made", "relevant": ["guide.md"]},
        {"text": "what does the team plan cost", "relevant": ["somewhere-else.md"]},
    ]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


@pytest.fixture(params=[False, True])
def apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that are built here, and in a process of their own as those of a large index are."""
    if request.param:
        monkeypatch.setattr(regression, "MANY", 1)


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize(
    ("question", "answer", "lost"),
    [
        ("Do you sell bicycles?", "We do, in red.", []),
        (
            "How do I reset my password please?",
            "Write to us, and we reset your password.",
            [("how do I reset my password please", "How do I reset my password?")],
        ),
        ("Where are exports made?", "Exports are made in Hamburg.", [("where are exports made", "Guide")]),
        ("What does the team plan cost?", "Twelve dollars.", []),
    ],
)
def test_it_names_the_questions_that_would_lose_their_answer(
    folder: Path, question: str, answer: str, lost: list[tuple[str, str]]
) -> None:
    searchable = _searchable()
    trial = RegressionSet(folder, CHUNKER, embed, embed)
    found = trial.compare(searchable, question, answer)
    assert [one for one in found.displaced if one[0] in ASKED] == lost
    assert found.tried == 7, "two of the folder, the questions of two entries and the words of these, and a section"
    assert len(searchable.corpus.arrays.document_of) == 3, "what is searched is as it was"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Questions to documents of somebody else's, as those to the sample are for a company with its own."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    (place / "queries.jsonl").write_text(json.dumps({"text": "are there tents", "relevant": ["camping.md"]}))
    return place


def test_a_company_without_questions_of_its_own_has_those_of_its_faq(elsewhere: Path) -> None:
    trial = RegressionSet(elsewhere, CHUNKER, embed, embed)
    harmless = trial.compare(_searchable(), "Do you sell bicycles?", "We do, in red.")
    assert (harmless.tried, harmless.displaced) == (5, ())
    found = trial.compare(_searchable(), "Reset of a password", "Reset password at the counter.")
    assert found.displaced == (("reset password", "How do I reset my password?"),)
    found = trial.compare(_searchable(), "What does the team plan cost?", "Twelve dollars.")
    assert ("What does the Team plan cost?", "What does the Team plan cost?") in found.displaced


def test_without_a_faq_sections_are_looked_for_by_their_headings(elsewhere: Path) -> None:
    chunk = Chunk(
        "Guide", "You find them under Settings.", ("Guide\nYou find them under Settings.",), section="Exports"
    )
    corpus = memory_corpus([("shop/guide.md", [chunk])], embed)
    words = build_words(corpus.texts(), corpus.arrays.document_of)
    searchable = Searchable(corpus, words, Bounds(0.4, 0.3))  # type: ignore[arg-type]
    trial = RegressionSet(elsewhere, CHUNKER, embed, embed)
    assert trial.compare(searchable, "Do you sell bicycles?", "We do.") == regression.Outcome(tried=1)
    assert trial.compare(searchable, "Exports?", "Exports: Hamburg.").displaced == (("Exports", "Exports"),)


def test_where_nothing_is_known_nothing_was_tried(elsewhere: Path) -> None:
    corpus = memory_corpus([], embed)
    words = build_words(corpus.texts(), corpus.arrays.document_of)
    searchable = Searchable(corpus, words, Bounds(0.4, 0.3))  # type: ignore[arg-type]
    found = RegressionSet(elsewhere, CHUNKER, embed, embed).compare(searchable, "A question?", "An answer.")
    assert found == regression.Outcome()


def test_an_entry_for_staff_is_no_right_answer_of_a_customer(elsewhere: Path) -> None:
    entry = FaqEntry("Where is the master key?", "Under the mat.", audience=KnowledgeAudience.STAFF)
    corpus = memory_corpus([("shop/faq.yaml", CHUNKER.chunks(Document("FAQ", entries=(entry,))))], embed)
    words = build_words(corpus.texts(), corpus.arrays.document_of)
    searchable = Searchable(corpus, words, Bounds(0.4, 0.3))  # type: ignore[arg-type]
    assert RegressionSet(elsewhere, CHUNKER, embed, embed).compare(searchable, entry.question, "No.").tried == 0


def test_a_set_that_has_changed_is_read_again(folder: Path) -> None:
    trial = RegressionSet(folder, CHUNKER, embed, embed)
    assert trial.compare(_searchable(), "Do you sell bicycles?", "We do.").tried == 7
    rows = [{"text": "where are exports made", "relevant": ["guide.md"]}]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert trial.compare(_searchable(), "Do you sell bicycles?", "We do.").tried == 6


@pytest.mark.parametrize(
    ("question", "answer", "why"),
    [
        ("Who is it for?", "Audience: staff only", "'audience'"),
        ("Why? " * 500, "Because.", "2,000 characters"),
        ("Poison?", "Yes, poison.", "the server refused it"),
    ],
)
def test_what_the_index_would_leave_out_is_known_before(folder: Path, question: str, answer: str, why: str) -> None:
    def careful(texts: Sequence[str]) -> NDArray[np.float32]:
        if any("poison" in text for text in texts):
            raise TextRefused("the server refused it")
        return embed(texts)

    found = RegressionSet(folder, CHUNKER, embed, careful).compare(_searchable(), question, answer)
    assert why in found.refused


def test_labelled_questions_that_name_their_answers_are_known_ones(folder: Path, elsewhere: Path) -> None:
    assert regression._with_answers(folder) == folder
    (elsewhere / "queries.jsonl").write_text(json.dumps({"text": "are there tents"}))
    assert regression._with_answers(elsewhere) is None


def test_a_folder_that_holds_no_questions_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"queries\.jsonl"):
        RegressionSet(tmp_path, CHUNKER, embed, embed).compare(_searchable(), "A question?", "An answer.")


@pytest.mark.parametrize(
    ("source", "question", "relevant", "right"),
    [
        ("docs/faq.yaml", "Q?", "faq.yaml#Q?", True),
        ("docs/faq.yaml", "Q?", "docs/faq.yaml#Q?", True),
        ("docs/faq.yaml", "Other?", "faq.yaml#Q?", False),
        ("docs/faq.yaml", "Q?", "faq.yaml", False),
        ("docs/guide.md", None, "guide.md", True),
        ("docs/the-guide.md", None, "guide.md", False),
    ],
)
def test_which_passage_is_right(source: str, question: str | None, relevant: str, right: bool) -> None:
    passage = Passage("p", "d", "Title", "Text", source, 0.9, question=question, answer="A" if question else None)
    assert is_right(passage, frozenset([relevant])) is right
