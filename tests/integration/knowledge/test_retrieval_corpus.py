"""The search on question sets of other people (CORPUS_DIR), with the bundled model: the figures that the product promises.

Every constant was chosen on the ``dev`` halves; here the ``test`` halves are asked. In a soak all of them, and a report is kept.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.embed.opening import open_embedder
from knowledge.evaluation.evaluate import Evaluation, Result
from knowledge.evaluation.question_set import SAMPLE_QUESTIONS, question_sets, read_set
from knowledge.evaluation.report import described
from knowledge.open import SAMPLE
from knowledge.settings import KnowledgeSettings
from knowledge.sources import scan
from tests.corpus import corpus_files
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.servers.models import MODELS

pytestmark = [pytest.mark.slow, pytest.mark.soak, pytest.mark.timeout(1800)]

_CHAT = 0.06
_KEPT = 0.9
_AS_GOOD = 0.01
"""What an AUROC of a few hundred questions wavers by."""


def test_question_sets(scale: Scale, make_report: MakeReport, tmp_path: Path) -> None:
    folder = corpus_files("retrieval", "queries.jsonl")[0].parents[1]
    few = scale.pick(small=60, full=100_000)
    settings = KnowledgeSettings(directory=tmp_path / "chroma", models=MODELS)
    evaluation = Evaluation(open_embedder(settings), settings.chunk_tokens, scan([str(SAMPLE)]).files)
    report = make_report("retrieval", "Search on question sets")

    found: list[Result] = []
    for chosen in question_sets(folder, "test"):
        if not scale.full and chosen.name != "banking77":
            continue  # embedding thousands of passages is for the soak
        asked = replace(chosen, questions=chosen.questions[:: max(1, len(chosen.questions) // few)])
        found.append(evaluation.run(asked))
    sample = evaluation.run(read_set(SAMPLE_QUESTIONS, "test"))
    for result in (*found, sample):
        for line in described(result):
            report.note(line.strip())

    for result in found:
        assert result.ndcg_difference[2] >= 0, f"{result.name}: ranked worse than by meaning alone"
        assert result.hit5_difference[2] >= 0, f"{result.name}: fewer answers among the first five"
        assert result.abstaining.kept >= _KEPT, result.name
        assert result.abstaining.through_by_kind["chat"] <= _CHAT, result.name
        known, cosine = result.abstaining.auroc, result.abstaining.auroc_cosine
        assert known is not None
        assert cosine is not None
        assert known >= cosine - _AS_GOOD, result.name
    if scale.full:
        gain = sum(result.ndcg_difference[0] for result in found) / len(found)
        report.record("nDCG@10 above meaning alone, mean of the sets", f"{gain:+.3f}")
        assert gain > 0
    assert sample.abstaining.kept_by_language["en"] >= 0.85
    assert sample.abstaining.through_by_kind["chat"] <= _CHAT
