"""How well questions that ask the same are found, in five languages, with the bundled model: what docs/reference/gaps.md says."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from knowledge.embed.opening import open_embedder
from knowledge.gaps.likeness import QuestionVectors
from knowledge.gaps.sorting import ALIKE, SOME_WORDS, WORDS_ALONE, Likenesses, Question, sort
from knowledge.settings import KnowledgeSettings
from tests.servers.models import MODELS
from tests.servers.programs import ROOT

pytestmark = pytest.mark.slow

_SET = ROOT / "tests" / "fixtures" / "gaps" / "questions.json"
_PAGE = ROOT / "docs" / "reference" / "gaps.md"
_ORDERS = 10
"""What leads a cluster is what was asked first, so the order matters a little."""


@dataclass(frozen=True)
class Asked:
    """A question of the set."""

    topic: str
    language: str
    question: Question


def _read(split: str) -> list[Asked]:
    topics: Mapping[str, Mapping[str, list[str]]] = json.loads(_SET.read_text(encoding="utf-8"))[split]
    found = [(topic, language, text) for topic, ways in topics.items() for language in ways for text in ways[language]]
    return [Asked(topic, language, Question(f"{at:03}", text)) for at, (topic, language, text) in enumerate(found)]


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> QuestionVectors:
    folder: Path = tmp_path_factory.mktemp("index")
    embedder = open_embedder(KnowledgeSettings(directory=folder / "chroma", models=MODELS))
    return QuestionVectors(lambda texts: np.asarray(embedder.embed_questions(list(texts))))


def measured(split: str, vectors: QuestionVectors | None) -> tuple[float, float]:
    """Of pairs put together, how many ask the same; and of pairs that do, in one language, how many are together."""
    right = wrong = missed = 0
    for seed in range(_ORDERS):
        asked = _read(split)
        random.Random(seed).shuffle(asked)
        questions = [one.question for one in asked]
        texts = [one.text for one in questions]
        known = None if vectors is None else Likenesses([], questions, vectors.cosines(texts, texts))
        places = sort(questions, [], known).places
        for one, other in combinations(asked, 2):
            together = places[one.question.id] == places[other.question.id]
            if one.topic != other.topic:
                wrong += together
            elif one.language == other.language:
                right += together
                missed += not together
    return right / (right + wrong), right / (right + missed)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_page_says_what_is_measured(split: str, vectors: QuestionVectors) -> None:
    figures = [*measured(split, vectors), *measured(split, None)]
    assert figures[0] >= 0.88
    assert figures[1] >= 0.65
    assert figures[2] >= 0.9, "by words alone fewer are found, and hardly any wrongly"
    row = re.search(rf"^\| `{split}` \|(.+)\|$", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert row is not None
    assert [float(cell) for cell in row[1].split("|")] == [pytest.approx(figure, abs=0.015) for figure in figures]


def test_the_page_says_the_bounds() -> None:
    text = _PAGE.read_text(encoding="utf-8")
    for bound in (ALIKE, SOME_WORDS, WORDS_ALONE):
        assert f"{bound:g}" in text
