"""In each language that is answered: who asks for a person, and who asks about the product that has this very feature."""

from __future__ import annotations

import pytest

from core.agent.language import ANSWERED
from core.agent.person_wish import wants_person

WISHES = {
    "en": [
        "Can I talk to a human?",
        "human please",
        "agent",
        "Agent!",
        "a real person please",
        "How can I speak with someone?",
        "please let me talk to a person",
        "My colleague said I can talk to a human here",
        "They told me to speak to an agent",
        "My customers can't log in, connect me to an agent",
        "Our users are angry and I need to speak to a manager",
        "why can I not talk to a person?",
        "Customer service could not help me, I want to speak to a human",
        "I called customer service and now want to talk to a human",
        "we would like to talk to a person",
        "operator please",
        "I'd like to be connected to an agent",
        "My boss wants me to talk to a person",
        "let's talk to a human",
        "My colleague and I want to talk to a human",
        "We need to talk to someone about our users",
    ],
    "de": [
        "Kann ich mit einem Menschen sprechen?",
        "Mensch bitte",
        "Agent",
        "Mitarbeiter!",
        "Ich möchte bitte mit einer echten Person reden",
        "Lassen Sie mich mit einem Menschen sprechen",
        "Mein Kollege sagte, ich kann hier mit einem Menschen sprechen",
        "Verbinden Sie mich mit einem Mitarbeiter",
        "Meine Kunden beschweren sich, ich will mit einem Menschen reden",
        "Warum kann ich nicht mit einem Menschen sprechen?",
        "Können wir mit einem Berater telefonieren?",
        "Gibt es hier einen Menschen?",
        "Kundenservice bitte",
        "Ich habe den Kundenservice angerufen und möchte mit einem Menschen sprechen",
    ],
    "fr": [
        "Puis-je parler à un humain ?",
        "humain s'il vous plaît",
        "un humain svp",
        "agent",
        "conseiller",
        "Je veux parler à une vraie personne",
        "Laissez-moi parler à un conseiller",
        "Mon collègue m'a dit que je peux parler à un humain",
        "Mes clients se plaignent, je veux parler à quelqu'un",
        "Pourquoi je ne peux pas parler à une personne ?",
        "Mettez-moi en relation avec un conseiller",
        "Pouvons-nous parler avec un responsable ?",
        "service client",
        "J'ai appelé le service client et je veux parler à une personne",
    ],
    "es": [
        "¿Puedo hablar con un humano?",
        "humano por favor",
        "un agente, por favor",
        "agente",
        "persona",
        "Quiero hablar con una persona real",
        "Déjeme hablar con un agente",
        "Mi compañero dijo que puedo hablar con una persona",
        "Mis clientes se quejan, quiero hablar con alguien",
        "¿Por qué no puedo hablar con una persona?",
        "Páseme con un asesor",
        "¿Podemos hablar con un supervisor?",
        "atención al cliente",
        "Llamé a atención al cliente y quiero hablar con una persona",
    ],
    "ar": [
        "هل يمكنني التحدث مع شخص؟",
        "إنسان من فضلك",
        "موظف لو سمحت",
        "موظف",
        "وكيل",
        "أريد التحدث مع شخص حقيقي",
        "دعني أتحدث مع موظف",
        "قال زميلي إنني أستطيع التحدث مع شخص",
        "عملائي يشتكون، أريد التحدث مع موظف",
        "لماذا لا أستطيع التحدث مع شخص؟",
        "حولني إلى موظف",
        "أرغب بالتحدث مع شخص",
        "خدمة العملاء",
        "اتصلت على خدمة العملاء وأريد التحدث مع شخص",
    ],
}

QUESTIONS = {
    "en": [
        "Can my colleague talk to a human?",
        "How do I let my customers talk to a human?",
        "Can customers speak with an agent on the free plan?",
        "Do visitors get to chat with a real person?",
        "When can our users talk to an agent?",
        "What happens when they talk to a person?",
        "How do I disable the talk to a human button?",
        "Where can I rename the “Talk to a person” button?",
        "Which plan lets people talk to an agent?",
        "Is the talk to a human feature included?",
        "What if a customer wants to speak to a person at night?",
        "How can my team members talk with an agent?",
        "I don't want to talk to a human",
        "How many agents can I add?",
        "Does your API connect users with an agent?",
        "What does an operator see?",
        "Can my employees speak with someone?",
    ],
    "de": [
        "Kann mein Kollege mit einem Menschen sprechen?",
        "Wie lasse ich meine Kunden mit einem Menschen sprechen?",
        "Können Kunden im kostenlosen Tarif mit einem Mitarbeiter chatten?",
        "Dürfen Besucher mit einer echten Person reden?",
        "Wann können unsere Nutzer mit einem Berater sprechen?",
        "Was passiert, wenn ein Kunde mit einem Menschen sprechen möchte?",
        "Wie schalte ich den Knopf „Mit einem Menschen sprechen“ aus?",
        "In welchem Tarif können Anwender mit einem Agenten chatten?",
        "Wie können meine Kolleginnen mit jemandem reden?",
        "Ich möchte nicht mit einem Menschen sprechen",
        "Wie viele Mitarbeiter kann ich einladen?",
        "Wie lege ich einen Agenten an?",
        "Was sieht ein Mitarbeiter in meinem Projekt?",
        "Können meine Mitarbeiter mit einem Menschen sprechen?",
    ],
    "fr": [
        "Mon collègue peut-il parler à un humain ?",
        "Comment permettre à mes clients de parler à un humain ?",
        "Les clients peuvent-ils parler à un agent avec l'offre gratuite ?",
        "Les visiteurs peuvent-ils discuter avec une vraie personne ?",
        "Quand nos utilisateurs peuvent-ils parler à un conseiller ?",
        "Que se passe-t-il si un client veut parler à une personne ?",
        "Comment désactiver le bouton « Parler à un humain » ?",
        "Quelle offre permet aux gens de parler à un agent ?",
        "Comment mes collègues peuvent-ils parler à quelqu'un ?",
        "Je ne veux pas parler à un humain",
        "Combien d'agents puis-je inviter ?",
        "Comment ajouter un conseiller ?",
        "Que voit un agent dans mon projet ?",
    ],
    "es": [
        "¿Puede mi colega hablar con un humano?",
        "¿Cómo permito a mis clientes hablar con un humano?",
        "¿Pueden los clientes hablar con un agente en el plan gratuito?",
        "¿Los visitantes pueden chatear con una persona real?",
        "¿Cuándo pueden nuestros usuarios hablar con un asesor?",
        "¿Qué pasa si un cliente quiere hablar con una persona?",
        "¿Cómo desactivo el botón «Hablar con un humano»?",
        "¿Qué plan permite a la gente hablar con un agente?",
        "¿Cómo pueden mis compañeros hablar con alguien?",
        "No quiero hablar con un humano",
        "¿Cuántos agentes puedo invitar?",
        "¿Cómo agrego un asesor?",
        "¿Qué ve un agente en mi proyecto?",
    ],
    "ar": [
        "هل يمكن لزميلي التحدث مع شخص؟",
        "كيف أسمح لعملائي بالتحدث مع شخص؟",
        "هل يستطيع العملاء التحدث مع موظف في الخطة المجانية؟",
        "هل يمكن للزوار التحدث مع شخص حقيقي؟",
        "متى يمكن للمستخدمين التحدث مع موظف؟",
        "ماذا يحدث إذا أراد عميل التحدث مع شخص؟",
        "كيف أعطل زر التحدث مع شخص؟",
        "أي خطة تسمح للناس بالتحدث إلى موظف؟",
        "كيف يمكن لزملائي التحدث مع أحد؟",
        "لا أريد التحدث مع شخص",
        "كم موظفا يمكنني أن أضيف؟",
        "كيف أضيف موظفا جديدا؟",
        "ماذا يرى الموظف في مشروعي؟",
    ],
}


def test_every_language_has_a_table_of_each() -> None:
    assert set(WISHES) == set(QUESTIONS) == set(ANSWERED)
    assert all(len(set(table[code])) >= 12 for table in (WISHES, QUESTIONS) for code in ANSWERED)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in WISHES.items() for text in texts])
def test_a_wish_escalates(code: str, text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in QUESTIONS.items() for text in texts])
def test_a_question_about_others_or_about_the_feature_does_not(code: str, text: str) -> None:
    assert not wants_person(text)
