"""What a proposed entry would push out of the first place is known before it goes live, and nothing is written for that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.domain.errors import ConfigError
from core.domain.knowledge import Passage
from knowledge.calibrate.bounds import Bounds
from knowledge.chunk.chunker import Chunker
from knowledge.documents import Chunk, Document, FaqEntry
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


def _searchable() -> Searchable:
    guide = Chunk("Guide", "Exports are made under Settings.", ("Guide\nExports are made under Settings.",))
    documents = [("shop/faq.yaml", CHUNKER.chunks(Document("FAQ", entries=FAQ))), ("shop/guide.md", [guide])]
    corpus = memory_corpus(documents, embed)
    words = build_words(corpus.texts(), corpus.document_of)
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
    assert trial.displaced(searchable, question, answer) == lost
    assert len(searchable.corpus.document_of) == 3, "what is searched is as it was"


def test_a_folder_that_holds_no_questions_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"queries\.jsonl"):
        RegressionSet(tmp_path, CHUNKER, embed, embed).displaced(_searchable(), "A question?", "An answer.")


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
