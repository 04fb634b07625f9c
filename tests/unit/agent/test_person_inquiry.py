"""A question that only mentions talking to a person is a question; who asks for one is heard."""

from __future__ import annotations

import pytest

from core.agent.person_wish import wants_person

WISHES = [
    "Can I talk to a person?",
    "Could I speak with a human, please?",
    "human please",
    "I want to speak to someone now",
    "can a human help me with this?",
    "Could a real person please help me?",
    "Hi, can an agent call me?",
    "And I want a person",
    "How much longer? Let me talk to a human",
    "I was charged twice talk to a human",
    "How much does it cost? Talk to a human",
    "How much does it cost? Anyway, I want to talk to a human",
    "Why was I not transferred to a person?",
    "why can't I talk to a person on weekends?",
    "Can I talk to a person now? It is the weekend.",
    "I need to talk to a person, do I have to wait?",
    "We have been here on weekends and I want to talk to a human",
    "It is possible that I was hacked, connect me to a person",
    "Is it possible to talk to a person?",
    "Do I have to beg to talk to a human?",
    "what do I have to do to talk to a person here",
    "Can I talk to a human? My plan is free of charge",
    "I am on the free plan and I want to talk to a person",
    "Muss ich betteln, um mit einem Menschen zu sprechen?",
    "¿Cómo puedo hablar con una persona?",
    "Une personne peut-elle m'aider ?",
    "Can I talk to a person about my invoice?",
    "Kann mir bitte ein Mensch helfen?",
    "Kann ich mit einem Menschen sprechen?",
    "Ich muss mit einem Menschen sprechen",
    "Was kostet das? Ich will mit einem Menschen sprechen",
    "Warum kann ich am Wochenende nicht mit einem Menschen sprechen?",
    "Kann ich jetzt mit einem Menschen sprechen?",
    "Un humain peut-il m'aider ?",
    "Puis-je parler à une personne ?",
    "Je dois parler à une personne",
    "C'est le week-end, je veux parler à une personne",
    "¿Puede ayudarme una persona?",
    "¿Puedo hablar con una persona?",
    "Tengo que hablar con una persona",
    "Quiero hablar con una persona, aunque sea el fin de semana",
    "هل يمكن لشخص أن يساعدني؟",
    "هل يمكنني التحدث مع شخص؟",
    "أريد التحدث مع شخص الآن",
]

INQUIRIES = [
    "Did I already talk to a person about this?",
    "Must I talk to an agent to close my account?",
    "Can I speak with an agent 24/7?",
    "Ist es kostenlos, mit einem Menschen zu sprechen?",
    "Kann ich nachts mit einem Mitarbeiter chatten?",
    "Peut-on parler à un agent le dimanche ?",
    "Est-ce gratuit de parler à une personne ?",
    "¿Debo hablar con un agente para cancelar?",
    "¿Se puede hablar con un agente por la noche?",
    "هل أحتاج إلى التحدث مع موظف لإلغاء الاشتراك؟",
    "Was I transferred to a person yesterday?",
    "Have I been connected to an agent already?",
    "Were we ever transferred to a human?",
    "Do I have to talk to a person to get a refund?",
    "Do I really need to speak to an agent to cancel?",
    "Should I talk to a person before I upgrade?",
    "Will I be connected to a person when the bot has no answer?",
    "Can I talk to a person on weekends?",
    "Can we speak with an agent after hours?",
    "Is it possible to talk to a person at night?",
    "Can I talk to a human for free?",
    "How much does it cost to talk to a human?",
    "Is there a fee to speak with an agent?",
    "Does it cost extra if I want to talk to a person?",
    "Which plan do I need to talk to a person?",
    "What are the hours of your support team?",
    "Why did the agent not answer me?",
    "Muss ich mit einem Menschen sprechen, um eine Erstattung zu bekommen?",
    "Kann ich am Wochenende mit einem Menschen sprechen?",
    "Was kostet es, mit einem Menschen zu sprechen?",
    "Soll ich dafür mit einem Mitarbeiter sprechen?",
    "Wurde ich gestern an einen Mitarbeiter weitergeleitet?",
    "Wann ist Ihr Support-Team erreichbar?",
    "Warum hat mir der Mitarbeiter nicht geantwortet?",
    "Dois-je parler à une personne pour obtenir un remboursement ?",
    "Puis-je parler à une personne le week-end ?",
    "Combien ça coûte de parler à un humain ?",
    "Est-ce que je dois parler à un conseiller pour annuler ?",
    "Ai-je été transféré à une personne hier ?",
    "Quels sont les horaires de votre équipe d'assistance ?",
    "Pourquoi l'agent ne m'a-t-il pas répondu ?",
    "¿Tengo que hablar con una persona para recibir un reembolso?",
    "¿Puedo hablar con una persona los fines de semana?",
    "¿Cuánto cuesta hablar con un humano?",
    "¿Hace falta hablar con un agente para cancelar?",
    "¿Me transfirieron ayer a una persona?",
    "¿Cuál es el horario de su equipo de soporte?",
    "¿Por qué no me respondió el agente?",
    "هل يجب أن أتحدث مع شخص لاسترداد المبلغ؟",
    "هل يمكنني التحدث مع شخص في عطلة نهاية الأسبوع؟",
    "كم يكلف التحدث مع شخص؟",
    "هل تم تحويلي إلى شخص أمس؟",
    "ما هي ساعات عمل فريق الدعم؟",
    "لماذا لم يجبني الموظف؟",
]


def test_the_tables_are_large_enough() -> None:
    assert len(set(WISHES)) >= 30
    assert len(set(INQUIRIES)) >= 40


@pytest.mark.parametrize("text", WISHES)
def test_who_asks_for_a_person_is_heard(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", INQUIRIES)
def test_who_only_asks_about_it_is_answered(text: str) -> None:
    assert not wants_person(text)
