"""Shares, their intervals and what is said of them."""

from __future__ import annotations

import pytest

from config.conversations.replay import Outcome
from config.conversations.report import as_json, as_lines, share
from config.conversations.transcript import Expected, Transcript


def _outcome(
    name: str, expected: Expected, *, lang: str = "en", lost: str = "", leaked: str = "", unrun: str = ""
) -> Outcome:
    turn = {"user": "q", "reply": "a", "expect": "SHOW"}
    case = Transcript.model_validate({"id": name, "cat": "fact", "lang": lang, "turns": [turn]})
    found = Outcome(case, expected, calls=1, tokens=200, unrun=unrun)
    found.lost += [(lost, "why")] if lost else []
    found.leaked += [(leaked, "why")] if leaked else []
    return found


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (10, 10, 0.7225, 1.0), (3, 300, 0.0034, 0.0290)],
)
def test_intervals_are_wilsons(hits: int, trials: int, low: float, high: float) -> None:
    assert share(hits, trials)["interval"] == pytest.approx([low, high], abs=1e-4)


def test_without_trials_nothing_is_known() -> None:
    assert share(0, 0) == {"hits": 0, "of": 0, "share": 0.0, "interval": [0.0, 1.0]}


def test_each_answer_counts_where_it_can_fail() -> None:
    outcomes = [
        _outcome("good", Expected.SHOW),
        _outcome("short", Expected.SHOW, lang="de", lost="Gone."),
        _outcome("part", Expected.SHOW_PART, leaked="Wrong."),
        _outcome("bad", Expected.WITHHOLD),
        _outcome("none", Expected.SHOW, lost="Gone.", unrun="no result"),
    ]

    found = as_json(outcomes)

    assert (found["over"]["hits"], found["over"]["of"]) == (1, 3)
    assert (found["under"]["hits"], found["under"]["of"]) == (1, 2)
    assert found["by_language"]["de"]["over"]["hits"] == 1
    assert found["by_category"]["fact"]["under"]["of"] == 2
    assert found["verifier"] == {"calls_per_answer": 1.0, "tokens_per_answer": 200.0}
    assert [(one["id"], one["what"], one["sentence"]) for one in found["failed"]] == [
        ("short", "lost", "Gone."),
        ("part", "shown", "Wrong."),
    ]
    assert found["not_run"] == [{"id": "none", "why": "no result"}]


def test_people_read_the_same() -> None:
    lines = list(
        as_lines(
            as_json([_outcome("short", Expected.SHOW, lost="Gone."), _outcome("x", Expected.SHOW, unrun="no result")])
        )
    )

    assert any(line.startswith("all") and "1/1 100.0%" in line for line in lines)
    assert lines[lines.index("short (en), lost: Gone.") + 1] == "    why"
    assert lines[-1] == "x was not run: no result"
