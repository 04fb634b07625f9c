"""Wordings that no list was made from: nearly all wishes are recognised, and no near miss is taken for one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.console.parse import ASK_FOR_A_PERSON
from channels.slack.words import words
from channels.telegram.words import COMMANDS, TALK
from core.agent.language import packs
from core.agent.person_wish import wants_person

WISHES = {
    "en": [
        "is there a human I can chat with?",
        "I want a person after all",
        "any chance I could get an actual human on this?",
        "this bot is useless, get someone from your team",
        "let me speak to whoever is in charge",
        "can somebody real look at my case?",
        "please hand me over to your support staff",
        "I'd much rather deal with a living person",
        "could you put a human on this please",
        "I need help from an actual person",
        "stop, I want a real agent now",
        "is anyone from support around to talk?",
        "I'd prefer speaking to a member of staff",
        "escalate this to a manager please",
        "can I chat with one of your people?",
        "get me out of this bot and give me a human",
    ],
    "de": [
        "Ich möchte doch einen Menschen",
        "gibt es hier auch echte Menschen?",
        "ich will jetzt endlich jemanden vom Support sprechen",
        "könnte sich bitte ein Mitarbeiter darum kümmern",
        "bitte an einen Kollegen weiterleiten",
        "ich hätte gern einen echten Ansprechpartner",
        "kann mich bitte jemand aus dem Team anrufen?",
        "Geben Sie mir einen Vorgesetzten",
        "ich will doch lieber mit einem Menschen schreiben",
        "gibt es einen Menschen, mit dem ich chatten kann?",
    ],
    "fr": [
        "finalement je préfère un humain",
        "y a-t-il quelqu'un de réel à qui parler ?",
        "passez-moi votre responsable",
        "j'aimerais qu'un conseiller s'occupe de mon dossier",
        "je veux une vraie personne, pas un robot",
        "pouvez-vous me passer un conseiller ?",
        "je préférerais parler avec quelqu'un de votre équipe",
        "transférez-moi à un agent humain",
    ],
    "es": [
        "mejor quiero que me atienda una persona",
        "¿hay algún humano con quien pueda hablar?",
        "páseme con su supervisor",
        "necesito que alguien real mire mi caso",
        "necesito hablar con una persona de verdad",
        "¿me puede pasar con un agente?",
        "quiero un humano, no un robot",
        "prefiero que me atienda un agente",
    ],
    "ar": [
        "أفضل التحدث مع إنسان",
        "هل يوجد شخص حقيقي يمكنني مراسلته؟",
        "حولني إلى المدير من فضلك",
        "أريد أن أتكلم مع إنسان",
        "هل يمكنك تحويلي إلى موظف؟",
        "أحتاج إلى شخص حقيقي",
    ],
    "pt": [
        "prefiro falar com uma pessoa de verdade",
        "me passa para um atendente, por favor",
        "tem algum humano aí com quem eu possa falar?",
        "quero um atendente humano",
        "posso falar com alguém da equipe?",
        "gostaria de conversar com uma pessoa",
    ],
    "nl": [
        "ik wil toch liever een mens spreken",
        "kunt u mij doorverbinden met een medewerker?",
        "is er een echt persoon met wie ik kan chatten?",
        "ik wil een medewerker spreken",
        "mag ik met een echt mens praten?",
        "geef me een medewerker alstublieft",
    ],
    "pl": [
        "wolę jednak rozmawiać z człowiekiem",
        "proszę przełączyć mnie do konsultanta",
        "czy jest tu jakiś prawdziwy człowiek?",
        "chcę rozmawiać z prawdziwą osobą",
        "czy mogę porozmawiać z konsultantem?",
        "połącz mnie z człowiekiem proszę",
    ],
    "ja": [
        "人間の担当者につないでください",
        "オペレーターと話せますか",
        "人と話したいです",
        "担当者に代わってください",
    ],
    "tr": [
        "gerçek bir kişiyle görüşmek istiyorum",
        "beni müşteri temsilcisine bağlayın",
        "bir temsilciyle konuşabilir miyim?",
        "insanla görüşmek istiyorum lütfen",
    ],
}
NEAR_MISSES = {
    "en": [
        "is there a human readable export format?",
        "how many people can chat in one room?",
        "can a manager approve time sheets?",
        "are you a real person?",
        "how do I assign an agent to a ticket?",
        "who answers when I write to support?",
        "what does a support agent see of my data?",
        "never mind, I do not need a person any more",
        "I talked to a person yesterday and he fixed it",
        "can I add another person to my plan?",
        "who is the manager of my workspace?",
        "does a human review the reports?",
        "how do I get an agent license?",
        "can staff see my password?",
        "I want my staff to have access",
        "is there a person field in the API?",
        "give me a report per employee",
        "I want to reach more customers",
    ],
    "de": [
        "kann ein Mensch die Rechnung prüfen, bevor sie rausgeht?",
        "wie viele Mitarbeiter kann ich anlegen?",
        "bist du ein Mensch?",
        "wie leite ich ein Ticket an einen Kollegen weiter?",
        "ich brauche keinen Menschen mehr",
        "kann ich eine Person löschen?",
        "wie bekomme ich einen Mitarbeiter ins Projekt?",
        "ich will meine Mitarbeiter einladen",
        "gibt es eine Person als Standard im Formular?",
        "wer ist mein Ansprechpartner laut Vertrag?",
    ],
    "fr": [
        "combien de personnes peuvent utiliser l'application ?",
        "comment ajouter un conseiller à mon équipe ?",
        "es-tu un humain ?",
        "je n'ai plus besoin de parler à quelqu'un",
        "je veux inviter une personne",
        "comment contacter un membre de mon équipe ?",
        "y a-t-il un agent de synchronisation ?",
        "puis-je avoir un rapport par personne ?",
    ],
    "es": [
        "¿cuántas personas puedo invitar?",
        "¿cómo asigno un agente a un proyecto?",
        "¿eres una persona?",
        "ya no necesito hablar con nadie",
        "quiero eliminar a una persona",
        "¿hay un agente de sincronización?",
        "necesito un informe por persona",
        "¿puedo cambiar el humano asignado?",
    ],
    "ar": [
        "كم عدد الأشخاص الذين يمكنني دعوتهم؟",
        "كيف أضيف موظفا إلى الفريق؟",
        "هل أنت إنسان؟",
        "أريد إضافة شخص إلى المشروع",
        "هل يستطيع الموظف رؤية بياناتي؟",
        "كم شخصا في الخطة؟",
    ],
    "pt": [
        "quantas pessoas posso convidar?",
        "como adiciono um atendente à equipe?",
        "você é uma pessoa?",
        "quero convidar uma pessoa",
        "posso remover um funcionário?",
        "há um limite por pessoa?",
    ],
    "nl": [
        "hoeveel medewerkers kan ik uitnodigen?",
        "ben je een mens?",
        "hoe voeg ik een medewerker toe?",
        "ik wil een medewerker verwijderen",
        "kan ik een rapport per persoon krijgen?",
        "wie is de medewerker van dit project?",
    ],
    "pl": [
        "ile osób mogę zaprosić?",
        "jak dodać pracownika do projektu?",
        "czy jesteś człowiekiem?",
        "chcę dodać osobę do zespołu",
        "czy mogę usunąć pracownika?",
        "ile kosztuje jedna osoba?",
    ],
    "ja": [
        "何人まで招待できますか",
        "あなたは人間ですか",
        "担当者を変更できますか",
        "人を追加するには",
    ],
    "tr": [
        "kaç kişi davet edebilirim?",
        "sen insan mısın?",
        "bir kişi eklemek istiyorum",
        "temsilci rolü nedir?",
    ],
}


BEHIND_A_CONDITION_OR_A_QUESTION_WORD = [
    "how do I talk to a human",
    "How do I speak to an agent?",
    "How do I reach a human agent?",
    "How do I speak with customer service?",
    "How do we talk to a human?",
    "How can I talk to a real person?",
    "Where do I speak to someone?",
    "When can I speak to someone?",
    "Tell me when I can speak to someone",
    "If nobody answers I want to talk to a manager",
    "if this does not work please connect me to an agent",
    "If possible I would like to talk to a human",
    "If possible connect me to an agent",
    "If I get no answer I want to talk to a human",
    "If that does not work can I talk to a human?",
    "once again I want to talk to a human",
    "I was wondering if I could speak to a human",
    "my team is angry connect me to an agent",
    "my boss said I need an agent",
    "Ich wollte fragen ob ich mit einem Menschen sprechen kann",
    "quería saber si puedo hablar con alguien",
    "Wie kann ich mit einem Menschen sprechen?",
    "Wann kann ich mit jemandem sprechen?",
    "Wenn das nicht geht möchte ich mit einem Mitarbeiter sprechen",
    "Wenn niemand antwortet verbinden Sie mich bitte mit einem Mitarbeiter",
    "Comment puis-je parler à un humain ?",
    "Quand puis-je parler à quelqu'un ?",
    "si ça ne marche pas je veux parler à un conseiller",
    "si possible je voudrais parler à un humain",
    "¿Cómo puedo hablar con un humano?",
    "¿Cuándo puedo hablar con alguien?",
    "¿Qué tengo que hacer para hablar con un agente?",
    "Si no funciona quiero hablar con un agente",
    "si no puede ayudarme páseme con un agente",
    "Come posso parlare con un operatore?",
    "Hoe kan ik met een medewerker praten?",
    "Como posso falar com um atendente?",
    "Jak mogę porozmawiać z konsultantem?",
    "إذا لم يعمل هذا أريد التحدث مع موظف",
    "متى يمكنني التحدث مع موظف؟",
]
ONLY_SUPPOSED = [
    "if I talk to a human will my data be seen?",
    "what happens if I ask for an agent",
    "What happens if I want to talk to a human?",
    "What happens if you connect me to an agent?",
    "what if I ever really want to talk to a human?",
    "How much do I pay when I talk to an agent?",
    "how does it work if my colleague wants to talk to a person",
    "Is it recorded when talking to an agent?",
    "Will the bot stop once I talk to a human?",
    "Was passiert wenn ich mit einem Menschen sprechen möchte?",
    "Kostet es etwas wenn ich mit einem Menschen sprechen will?",
    "Que se passe-t-il si je veux parler à un humain ?",
    "si je veux parler à un humain est-ce gratuit ?",
    "¿Qué pasa si quiero hablar con un humano?",
    "ماذا يحدث إذا أردت التحدث مع شخص؟",
]

AFTER_ALL_OR_ANYONE = [
    "I want a person after all",
    "a person after all",
    "No, a person after all",
    "Ok. A person after all, please.",
    "Ich möchte doch einen Menschen",
    "doch ein Mensch",
    "Nein, doch lieber ein Mensch",
    "finalement une personne",
    "Finalement, une personne",
    "quiero una persona al final",
    "una persona al final",
    "Is there anyone I can chat with?",
    "Is there somebody I can talk to?",
    "is there a human I can chat with?",
    "I need someone to talk to",
    "Rozmowa z człowiekiem",
    "Bir kişiyle görüş",
    "Gibt es jemanden, mit dem ich chatten kann?",
    "Y a-t-il quelqu'un à qui je peux parler ?",
    "¿Hay alguien con quien pueda hablar?",
    "C'è qualcuno con cui posso parlare?",
    "Há alguém com quem eu possa falar?",
    "Is er iemand met wie ik kan praten?",
    "Czy jest tu ktoś, z kim mogę porozmawiać?",
    "Есть ли кто-нибудь, с кем можно поговорить?",
    "هل يوجد أحد يمكنني التحدث معه؟",
    "alla fine una persona",
    "toch een mens",
    "jednak człowiek",
    "всё-таки человек",
    "やっぱり、担当者",
    "afinal uma pessoa",
    "في النهاية شخص",
    "yine de insan",
]
NEITHER_AFTER_ALL_NOR_ANYONE = [
    "Is there anyone I can invite?",
    "Is there anyone who uses the API?",
    "Can I chat with anyone in my workspace?",
    "Is anyone in my team an admin?",
    "I found someone I can talk to on the forum",
    "He is only an employee, a person after all",
    "Er ist doch ein Mensch",
    "Finalement, personne n'est venu",
    "finalement personne",
    "una persona al final del proceso aprueba",
    "quiero una persona al final del flujo de aprobación",
    "doch kein Mensch",
    "not a person after all",
    "no person after all",
    "After all, a person approved it",
    "Ich brauche jemanden, mit dem ich im Projekt Dateien teile",
    "Is there anyone my colleague can talk to?",
    "How do I find someone to talk to in my team?",
    "Lieber keinen Menschen",
    "then",
    "doch",
    "no",
    "instead",
    "after all",
    "I don't need anyone to talk to",
    "No, the agent role after all",
    "I need someone to write the report",
]


def _offered() -> Iterator[str]:
    """What the hub and its widget say when they offer a person: buttons, commands, and the agent's question."""
    for module in Path("channels/web/widget/src/i18n").glob("*.ts"):
        yield from re.findall(r'_person(?:Request)?: "(.*?)"', module.read_text("utf-8"))
    yield from (words(code).person for code in packs())
    yield from (*TALK.values(), *(commands["human"] for commands in COMMANDS.values()), ASK_FOR_A_PERSON)
    yield from (pack.texts["offer"] for pack in packs().values() if pack.texts)


@pytest.mark.parametrize("text", sorted(set(_offered())))
def test_what_is_offered_is_understood_when_it_is_written(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", AFTER_ALL_OR_ANYONE)
def test_a_person_after_all_or_anyone_to_talk_to_is_a_wish(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", NEITHER_AFTER_ALL_NOR_ANYONE)
def test_after_all_and_anyone_are_no_wish_by_themselves(text: str) -> None:
    assert not wants_person(text)


def test_nearly_all_wishes_are_recognised() -> None:
    wishes = [text for texts in WISHES.values() for text in texts]
    assert sum(map(wants_person, wishes)) >= 0.9 * len(wishes)


@pytest.mark.parametrize("code", WISHES)
def test_most_are_recognised_in_each_language(code: str) -> None:
    assert sum(map(wants_person, WISHES[code])) >= 0.6 * len(WISHES[code])


@pytest.mark.parametrize("text", [text for texts in NEAR_MISSES.values() for text in texts])
def test_a_near_miss_is_no_wish(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize("text", BEHIND_A_CONDITION_OR_A_QUESTION_WORD)
def test_a_wish_behind_a_condition_or_a_question_word_is_recognised(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", ONLY_SUPPOSED)
def test_a_wish_that_is_only_supposed_is_none(text: str) -> None:
    assert not wants_person(text)
