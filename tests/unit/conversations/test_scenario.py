"""Files of scenarios: what they may hold, and errors that say where they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.conversations.scenario import Scenario, read_scenarios
from core.domain.errors import ConfigError
from tests.servers.programs import ROOT

GOOD = """
anchors:
  pw: ["press **Forgot password?**"]
conversations:
  - id: one
    channel: sms
    turns:
      - user: How do I reset my password?
        reply: "Press it [@pw]."
        says: Press it
      - staff: [claim, {reply: Hello, by: Linus}, {name: note, text: ours}]
        state: staff
"""


def _read(tmp_path: Path, text: str, name: str = "some.yaml") -> tuple[Scenario, ...]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return read_scenarios(file).conversations


def test_a_scenario_is_read_with_its_turns_and_lines(tmp_path: Path) -> None:
    (case,) = _read(tmp_path, GOOD)
    assert (case.id, case.channel, case.line) == ("one", "sms", 5)
    assert case.turns[0].says == ("Press it",)
    assert [(step.name, step.text, step.by) for step in case.turns[1].staff] == [
        ("claim", "", "Grace"),
        ("reply", "Hello", "Linus"),
        ("note", "ours", "Grace"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "wrong"),
    [
        ("says: Press it", "sais: Press it", 10, "sais"),
        ("channel: sms", "channel: fax", 6, "channel"),
        ("state: staff", "state: asleep", 12, "state"),
        ("user: How do I reset my password?", "author: Anna", 8, "either user"),
        ("says: Press it", "expect: SHOW-PART", 8, "SHOW-PART needs bad"),
        ("claim,", "dance,", 11, "staff"),
        ("claim,", "{claim: now},", 11, "need a text"),
        ("id: one", "id: one\n    id: two", 6, "id stands here twice"),
        ("reply: ", "reply: [", 10, "expected"),
        ("says: Press it", "says: &a Press it\n        says_not: *a", 11, "aliases"),
    ],
)
def test_an_error_names_the_line_and_what_is_wrong_there(
    tmp_path: Path, old: str, new: str, line: int, wrong: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        _read(tmp_path, GOOD.replace(old, new, 1))
    assert f"some.yaml, line {line}: " in raised.value.detail
    assert wrong in raised.value.detail


@pytest.mark.parametrize("text", ["", "[]", "conversations: 3", "conversations: " + "[" * 5_000, "\x00"])
def test_what_is_no_file_of_scenarios_is_one_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"some\.yaml"):
        _read(tmp_path, text)


def test_a_scenario_that_expects_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing would be judged"):
        _read(tmp_path, "conversations: [{id: one, turns: [{user: Hello}]}]")


def test_transcripts_in_json_lines_are_scenarios_too() -> None:
    found = read_scenarios(ROOT / "tests" / "fixtures" / "conversations.jsonl")
    assert len(found.conversations) > 400
    assert found.anchors["pw"]
    assert found.conversations[0].turns[-1].expect is not None


def test_a_file_without_words_is_read_from_transcripts_too(tmp_path: Path) -> None:
    turn = '{"user": "Look", "reply": "I see.", "expect": "SHOW", "files": [{"name": "scan.png", "text": ""}]}'
    (case,) = _read(tmp_path, f'{{"id": "one", "turns": [{turn}]}}', "some.jsonl")
    assert case.turns[0].files[0].content == b""
