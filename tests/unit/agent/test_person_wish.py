"""Who asks for a person is understood; who only speaks of persons is not."""

from __future__ import annotations

import pytest

from core.agent.person_wish import wants_person


@pytest.mark.parametrize(
    "text",
    [
        "I want to talk to a human",
        "Can I speak with a real person please?",
        "agent",
        "Human, please!",
        "get me a manager",
        "Connect me to support",
        "why can't I talk to a person?",
        "I don't want to talk to a bot",
        "This is useless. Is there a human I can talk to?",
        "I need a person to help me",
        "Ich möchte mit einem Menschen sprechen",
        "Kann ich mit jemandem reden?",
        "Verbinden Sie mich bitte mit einem Mitarbeiter",
        "ich will keinen Bot",
        "Je voudrais parler à un conseiller",
        "Passez-moi un humain, s'il vous plaît",
        "quiero hablar con una persona",
        "¿Puedo hablar con un agente?",
        "أريد التحدث مع شخص حقيقي",
        "هل يمكنني التحدث إلى موظف خدمة العملاء؟",
        "Vorrei parlare con un operatore",
        "Quero falar com um atendente",
        "Ik wil met een medewerker praten",
        "Chcę porozmawiać z konsultantem",
        "bir insanla konuşmak istiyorum",
        "хочу поговорить с оператором",
        "转人工",
        "担当者と話したい",
    ],
)
def test_a_wish_is_understood(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "How do I add a person to my project?",
        "I don't want to talk to a human",
        "Is there an API rate limit?",
        "How do I contact support?",
        "Can an agent see my time sheet?",
        "I need a user agent string",
        "How many people can I invite?",
        "can I have more people on the Team plan?",
        "is there a person limit?",
        "I need staff reports",
        "can I have an agent role",
        "How do I talk to people in my project?",
        "Ich brauche Mitarbeiter im Projekt",
        "Wie kann ich mit Kollegen chatten?",
        "Ich möchte nicht mit einem Menschen sprechen",
        "Je veux ajouter une personne",
        "quiero agregar una persona a mi proyecto",
        "كيف أضيف شخصا إلى مشروعي",
        "What does the Team plan cost?",
    ],
)
def test_speaking_of_persons_is_no_wish(text: str) -> None:
    assert not wants_person(text)
