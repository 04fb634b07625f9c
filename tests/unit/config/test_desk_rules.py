"""Which rules the settings switch on: all of them where there are staff, otherwise only what was set on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.desk.handoff import make_handoff
from config.desk.rules import escalation_rules, make_rules, make_sentiment
from config.settings import read_settings
from core.domain.errors import ConfigError
from core.domain.messages import MessageKind
from core.ports.responder import Reply
from handoff.policy import EscalationRules
from tests.unit.handoff.test_policy import FAILURE, UNKNOWN, _agent, _said, _turn

STAFFED = {"slack_staff_channel": "C0STAFF01", "slack_bot_token": "xoxb-1"}
FURY = "This is the worst service ever, I am absolutely furious!!!"
OFF = EscalationRules(
    frustration=None, frustrated_messages=0, decline=None, unanswered=0, model_failed=False, tool_failed=False
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rules(**given: Any) -> EscalationRules:
    return escalation_rules(read_settings(**given))


def test_without_staff_nothing_changes_unless_it_is_set() -> None:
    assert rules() == OFF
    assert rules(desk_escalate_unknowns=3).unanswered == 3
    assert rules(desk_frustration=0.6).frustration == 0.6
    assert rules(desk_frustration=0.6).frustrated_messages == 3
    assert rules(desk_vip="*@big.example, u1").vip == ("*@big.example", "u1")


def test_with_staff_all_rules_hold_and_each_can_be_switched_off() -> None:
    assert rules(**STAFFED) == EscalationRules()
    off = rules(**STAFFED, desk_frustration=0, desk_escalate_unknowns=0)
    assert (off.frustration, off.frustrated_messages, off.decline, off.unanswered) == (None, 0, None, 0)


def test_moods_before_the_agent_answers_and_replies_afterwards() -> None:
    decide = make_rules(read_settings(**STAFFED))
    furious = decide(_turn(FURY), None)
    assert furious is not None
    assert (furious.requested_by, furious.urgency) == ("rule", "high")
    assert decide(_turn("Where is my order?"), None) is None
    once = _turn("And my other order?", history=(_said("Where is my order?"), _agent(UNKNOWN)))
    assert decide(once, None) is None
    assert decide(once, UNKNOWN) is not None
    assert decide(_turn("Where is it?"), UNKNOWN) is None
    assert decide(_turn("Where is it?"), FAILURE) is not None
    assert decide(_turn("Where is it?"), Reply("Here.", MessageKind.ANSWER, confidence=0.9)) is None


def test_a_long_history_costs_no_more_than_its_end() -> None:
    decide = make_rules(read_settings(**STAFFED))
    old = tuple(_said(FURY) for _ in range(30))
    calm = tuple(_said("Where is it?") for _ in range(20))
    assert decide(_turn("Thank you, all is well now.", history=(*old, *calm)), None) is None


def test_a_companys_own_words_bring_a_person_in(tmp_path: Path) -> None:
    odd = _turn("The blue light is back.")
    assert make_rules(read_settings(**STAFFED))(odd, None) is None
    words = tmp_path / "moods.yaml"
    words.write_text("any:\n  furious: [the blue light is back]\n", "utf-8")
    settings = read_settings(**STAFFED | {"slack_staff_channel": "C0STAFF01"}, desk_mood_file=words)
    found = make_rules(settings, make_handoff(settings).mood_words)(odd, None)
    assert found is not None
    assert found.urgency == "high"


@pytest.mark.parametrize(
    ("text", "problem"), [("xx: {}", "DESK_MOOD_FILE: .*'xx'"), (None, "DESK_MOOD_FILE: .*cannot be read")]
)
def test_a_file_of_moods_that_cannot_be_used_stops_the_start(tmp_path: Path, text: str | None, problem: str) -> None:
    words = tmp_path / "moods.yaml"
    if text is not None:
        words.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=problem):
        make_handoff(read_settings(desk_mood_file=words))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FURY, "frustrated"),
        ("My parcel is damaged, that is a sad day.", "negative"),
        ("Where is my order?", "neutral"),
        ("Thank you, that was excellent!", "positive"),
        ("", None),
    ],
)
def test_how_the_customer_sounds_in_one_word(text: str, expected: str | None) -> None:
    assert make_sentiment()(_turn(text)) == expected
