"""What staff press is told to customers in the language that they write, also where no channel says what that is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.agent.language import written_language
from core.domain.messages import StaffAction
from handoff.customer_language import LastWords
from handoff.slack_desk import SlackDesk
from tests.unit.handoff.test_desk_cases import Case, case, template

__all__ = ["case", "template"]


@pytest.fixture
def listening(case: Case) -> Case:
    """The desk looks at what customers write, as the product's does."""
    desk = case.world.turn._desk
    assert isinstance(desk, SlackDesk)
    desk._parts = case.world.timers._parts = replace(
        desk._parts, written=written_language, words=LastWords(case.world.store)
    )
    return case


def test_who_writes_german_is_told_in_german_that_it_takes_longer(listening: Case) -> None:
    world = listening.world
    world.accept(world.customer_says("Ich habe eine Frage zu meiner Rechnung, bitte", "c1"))
    listening.rest()
    world.pass_time(31)
    for outcome in world.due():
        world.ring(outcome)
    listening.rest()
    (told,) = [text for _, text in world.sent_texts() if "länger" in text or "longer" in text]
    assert "länger" in told


def test_who_writes_german_is_told_in_german_who_has_joined(listening: Case) -> None:
    case = listening
    case.world.accept(case.world.customer_says("Ich habe eine Frage zu meiner Rechnung, bitte", "c1"))
    case.rest()
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.RESOLVE)
    told = " ".join(text for _, text in case.world.sent_texts())
    assert "Grace ist jetzt im Gespräch" in told
    assert "abgeschlossen" in told


def test_what_shows_no_language_leaves_the_locale_as_it_is() -> None:
    assert written_language([], "de") is None
    assert written_language(["42", "AB-12"], "de") is None
    assert written_language(["Wo ist meine Bestellung, bitte?"], "en") == "de"
