"""What the rule alone makes of a set of our own: sentences that say what a passage says, and such that nearly do.

The figures stand in docs/reference/grounding.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from core.agent.entailment import is_borne_out, is_in_its_words

FIXTURES = Path(__file__).parents[2] / "fixtures" / "claims.json"
DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "grounding.md"
TRUE = ("right", "paraphrased")
FALSE = ("figure", "negation", "unit", "name", "swap", "added")


def _verdicts() -> Iterator[tuple[str, str, str]]:
    for entry in json.loads(FIXTURES.read_text(encoding="utf-8")):
        for kind in (*TRUE, *FALSE):
            for sentence in entry[kind]:
                refused = not is_borne_out(sentence, [entry["passage"]])
                sure = is_in_its_words(sentence, [entry["passage"]])
                yield kind, "refused" if refused else "sure" if sure else "doubtful", sentence


def test_what_is_true_is_never_refused_and_what_is_false_never_sure() -> None:
    assert [one for one in _verdicts() if one[0] in TRUE and one[1] == "refused"] == []
    assert [one for one in _verdicts() if one[0] in FALSE and one[1] == "sure"] == []


def test_what_is_literal_is_not_put_to_the_model() -> None:
    assert [one for one in _verdicts() if one[0] == "right" and one[1] != "sure"] == []


def test_the_figures_in_the_reference_are_these() -> None:
    counted = Counter((kind, verdict) for kind, verdict, _ in _verdicts())
    text = DOCUMENT.read_text(encoding="utf-8")
    for kind in (*TRUE, *FALSE):
        refused, doubtful, sure = (counted[kind, verdict] for verdict in ("refused", "doubtful", "sure"))
        assert f"| {kind} | {refused + doubtful + sure} | {refused} | {doubtful} | {sure} |" in text
