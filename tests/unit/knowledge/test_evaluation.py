"""Evaluating: measures against figures worked out by hand, sets read from the disk, reports and pictures."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.errors import ConfigError
from knowledge.calibrate.labelled import LabelledQuestions
from knowledge.evaluation.evaluate import Evaluation, Result
from knowledge.evaluation.measures import auroc, difference, hit, ndcg, reciprocal_rank
from knowledge.evaluation.question_set import SAMPLE_QUESTIONS, question_sets, read_set
from knowledge.evaluation.report import compared, described, keep, last_run
from knowledge.open import SAMPLE
from knowledge.sources import scan
from tests.unit.knowledge.bag_of_words import embed


class WordEmbedder:
    """An Embedder that counts a word as a token."""

    limit, fingerprint, name, dimensions = 100, "words", "words", 512

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def knows(self, word: str) -> bool:
        return True

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return embed(texts)

    embed_documents = embed_questions


def test_measures_of_a_ranking() -> None:
    assert ndcg(["a", "b", "c"], {"a", "c"}) == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))
    assert ndcg(["x"] * 10 + ["a"], {"a"}) == 0
    assert ndcg([], set()) == 0
    assert reciprocal_rank(["x", "a"], {"a"}) == 0.5
    assert (hit(["x", "a"], {"a"}, 1), hit(["x", "a"], {"a"}, 2)) == (0.0, 1.0)


def test_how_well_a_score_tells_apart() -> None:
    low, high = np.array([0.1, 0.2], np.float32), np.array([0.3, 0.4], np.float32)
    assert auroc(high, low) == 1
    assert auroc(low, high) == 0
    assert auroc(low, low) == 0.5
    assert auroc(low, np.zeros(0, np.float32)) is None


def test_a_difference_says_how_sure_it_is() -> None:
    mean, low, high = difference([1.0] * 50, [0.5] * 50)
    assert (mean, low, high) == (0.5, 0.5, 0.5)
    chance = np.random.default_rng(3).random((2, 400))
    mean, low, high = difference(chance[0].tolist(), chance[1].tolist())
    assert low < 0 < high


def small_set(folder: Path) -> Path:
    rows = {
        "docs": [
            {"id": f"d{n}", "title": f"Matter {n}", "text": f"# Matter {n}\n\nAll about wurble{n}."} for n in range(20)
        ],
        "queries": [
            {"id": f"q{n}", "text": f"tell of wurble{n}", "relevant": [f"d{n}"], "split": "dev" if n % 2 else "test"}
            for n in range(20)
        ],
        "oos": [{"id": "o", "text": "hello", "kind": "chat", "split": "test"}],
    }
    folder.mkdir(parents=True)
    for name, each in rows.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in each), "utf-8")
    return folder


def result_of(folder: Path, split: str | None = None) -> Result:
    return Evaluation(WordEmbedder(), 64, scan([str(SAMPLE)]).files).run(read_set(folder, split))


def test_a_set_is_asked(tmp_path: Path) -> None:
    result = result_of(small_set(tmp_path / "small"))

    assert (result.name, result.documents, result.questions, result.foreign) == ("small", 20, 20, 1)
    assert result.ours.hit1 == result.ours.ndcg == 1
    assert result.ndcg_difference[0] >= 0
    assert result.abstaining.auroc is not None
    assert 0 < result.latency.embedding_p50 <= result.latency.p50 <= result.latency.p99


def test_sets_are_found_by_their_questions_and_split(tmp_path: Path) -> None:
    small_set(tmp_path / "deep" / "one")
    small_set(tmp_path / "two")

    assert [each.name for each in question_sets(tmp_path, None)] == ["one", "two"]
    assert [len(each.questions) for each in question_sets(tmp_path, "dev")] == [10, 10]
    assert read_set(tmp_path / "two", "dev").foreign == ()
    with pytest.raises(ConfigError, match="no question set"):
        question_sets(tmp_path / "deep" / "none", None)
    (tmp_path / "two" / "queries.jsonl").write_text('{"text": "no relevant"}\n')
    with pytest.raises(ConfigError, match="line 1: relevant is missing"):
        question_sets(tmp_path, None)


def test_a_run_is_kept_drawn_and_compared(tmp_path: Path) -> None:
    result = result_of(small_set(tmp_path / "<small> & set"))
    kept = tmp_path / "evaluations"
    assert last_run(kept) is None

    _, drawn = keep([result], {"model": "words"}, kept, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))

    before = last_run(kept)
    assert before is not None
    assert before["model"] == "words"
    texts = [node.text for node in ElementTree.fromstring(drawn.read_text("utf-8")).iter() if node.text]
    assert "<small> & set" in texts
    assert compared(result, before) == "  since the last run: nothing changed"
    worse = replace(result, ours=replace(result.ours, ndcg=result.ours.ndcg - 0.1))
    assert compared(worse, before) == "  since the last run: nDCG@10 -0.100"
    assert compared(replace(result, questions=3), before) is None
    assert compared(result, None) is None
    lines = "\n".join(described(result))
    assert "20 questions to 20 documents" in lines
    assert "chat" in lines
    (kept / "2027.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        last_run(kept)


def test_the_sample_has_its_own_questions() -> None:
    found = read_set(SAMPLE_QUESTIONS, None)

    assert len(found.questions) >= 80
    assert len({question.language for question in found.questions}) >= 5
    assert {question.kind for question in found.foreign} == {"near", "far", "chat"}
    assert {question.split for question in found.questions} == {"dev", "test"}


def test_every_question_to_the_sample_has_its_answer_there() -> None:
    evaluation = Evaluation(WordEmbedder(), 64, scan([str(SAMPLE)]).files)
    found = read_set(SAMPLE_QUESTIONS, None)

    documents = found.chunked(evaluation._chunker, scan([str(SAMPLE)]).files)
    names = {name for name, _ in documents}

    assert [question.text for question in found.about(documents).questions if not question.relevant <= names] == []


def test_the_threshold_is_measured_with_a_companys_own_labels(tmp_path: Path) -> None:
    """As the hub does it: what is shown is what customers get."""
    folder = small_set(tmp_path / "set")
    labelled = LabelledQuestions(("tell of wurble1", "tell of wurble3"), ("hello",))

    ours = Evaluation(WordEmbedder(), 64, scan([str(SAMPLE)]).files, labelled=labelled).run(read_set(folder, None))

    assert ours.abstaining.threshold != result_of(folder).abstaining.threshold
