"""A wish to be called is a wish for a person, with the number in it or without one."""

from __future__ import annotations

import pytest

from core.agent.person_wish import wants_person
from core.agent.routing import Intent, route
from tests.contract.responders.world import turn_of

CALLS = [
    "call me back please +49 170 1234567",
    "please call me on 0170 1234567",
    "Can you call me at +49 170 1234567?",
    "My order is late. Give me a call at 555-123-4567",
    "Ring me on +44 20 7946 0958",
    "Could someone call me back? +49 170 1234567",
    "I'd like a call back on +49 170 1234567",
    "ring me back please",
    "Rufen Sie mich bitte unter 0170 1234567 zurück",
    "Ruf mich an: 0170 1234567",
    "Können Sie mich unter 0170 1234567 anrufen?",
    "Bitte rufen Sie mich zurück +49 170 1234567",
    "Rufen Sie mich zurück",
    "Rückruf bitte",
    "Pouvez-vous me rappeler au 06 12 34 56 78 ?",
    "Appelez moi svp +33 6 12 34 56 78",
    "Llámeme al +34 612 345 678 por favor",
    "¿Puede llamarme al 612 345 678?",
    "اتصلوا بي على الرقم +966 50 123 4567",
    "Mi può chiamare al +39 06 12345678?",
    "Kunt u mij bellen? +31 6 12345678",
    "Перезвоните мне: +7 495 123-45-67",
]
NO_CALLS = [
    "Don't call me on +49 170 1234567",
    "Please do not call me, my number +49 170 1234567 is private",
    "Rufen Sie mich nicht an unter 0170 1234567",
    "Somebody called me from +49 170 1234567, who was that?",
    "How do I call you back on +49 170 1234567?",
    "Is +49 170 1234567 your number?",
    "How do I change my phone number to +49 170 1234567?",
    "call me maybe is a song",
]


@pytest.mark.parametrize("text", CALLS)
def test_who_wants_to_be_called_wants_a_person(text: str) -> None:
    assert wants_person(text)
    assert route(turn_of(text)).intent is Intent.PERSON


@pytest.mark.parametrize("text", NO_CALLS)
def test_a_number_that_is_only_named_brings_nobody(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "Gibt es bei euch echte Menschen?",
        "Are there any real people here?",
        "Y a-t-il des humains ?",
        "¿Hay personas reales?",
    ],
)
def test_who_asks_whether_anybody_is_there_wants_one(text: str) -> None:
    assert wants_person(text)
