"""A message that asks something and speaks of a person: neither half is dropped."""

from __future__ import annotations

import pytest

from core.agent.questions import questions_besides, said_besides, split_questions
from core.agent.routing import Intent, route
from tests.contract.responders.world import message, turn_of

BOTH = [
    ("What does Team cost per month, and can a real person help me migrate?", "What does Team cost per month?"),
    ("What does Team cost per month, can a real person help me migrate?", "What does Team cost per month?"),
    ("Can a real person help me migrate, and what does Team cost?", "what does Team cost?"),
    ("What does Team cost and could I get a human to help me migrate?", "What does Team cost?"),
    ("How do refunds work? I want a human to call me", "How do refunds work?"),
    ("Was kostet Team im Monat, und kann mir ein Mensch beim Umzug helfen?", "Was kostet Team im Monat?"),
    ("Combien coûte Team, et une personne peut-elle m'aider à migrer ?", "Combien coûte Team?"),
    ("Quel est le prix de Team et quelqu'un peut-il m'aider ?", "Quel est le prix de Team?"),
    ("¿Cuánto cuesta Team al mes y puede ayudarme una persona real?", "¿Cuánto cuesta Team al mes?"),
]


@pytest.mark.parametrize(("text", "question"), BOTH)
def test_the_wish_is_recorded_and_the_question_answered(text: str, question: str) -> None:
    assert route(turn_of(text)).intent is Intent.PERSON
    assert [one.text for one in questions_besides((message(text),))] == [question]


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        (
            "What does Team cost and can someone help me migrate?",
            ["What does Team cost", "can someone help me migrate?"],
        ),
        (
            "Was kostet Team im Monat und kann mir jemand beim Umzug helfen?",
            ["Was kostet Team im Monat", "kann mir jemand beim Umzug helfen?"],
        ),
        (
            "Quel est le prix de Team et avez-vous un service pour la migration ?",
            ["Quel est le prix de Team", "avez-vous un service pour la migration ?"],
        ),
        (
            "¿Cuánto cuesta Team al mes y alguien puede ayudarme a migrar?",
            ["¿Cuánto cuesta Team al mes", "alguien puede ayudarme a migrar?"],
        ),
    ],
)
def test_what_is_no_wish_is_a_question_of_its_own(text: str, halves: list[str]) -> None:
    assert route(turn_of(text)).intent is Intent.QUESTION
    assert split_questions([text], most=5) == halves


@pytest.mark.parametrize("text", ["I want to talk to a human and not to a bot", "Can a person help me, please?"])
def test_a_wish_alone_asks_nothing_besides(text: str) -> None:
    assert questions_besides((message(text),)) == ()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("The hall lamp flickers.", "The hall lamp flickers."),
        ("Hello! The hall lamp flickers. I want to talk to a person.", "The hall lamp flickers."),
        ("I want to talk to a person", ""),
        ("Thank you!", ""),
    ],
)
def test_what_is_said_besides_the_wish_is_kept_where_nothing_is_asked_too(text: str, rest: str) -> None:
    assert said_besides(text) == rest
