"""No guess reaches a customer behind "I don't know", behind a question mark or behind a greeting, in any language."""

from __future__ import annotations

import pytest

from core.agent.citation_gate import CitationGate
from core.agent.grounding import is_grounded
from core.agent.language import ANSWERED
from core.agent.sources import Sources, from_passage
from core.agent.verdict import Verdict, judge
from tests.contract.responders.world import PASSWORD, STRAY

ASKED = {
    "en": "How do I cancel?",
    "de": "Wie kündige ich?",
    "fr": "Comment résilier ?",
    "es": "¿Cómo cancelo?",
    "ar": "كيف ألغي الاشتراك؟",
}
GUESSES = {
    "en": [
        "I'm not sure, you can cancel by writing to support and waiting a week.",
        "I don't know exactly; usually refunds go back to the original card within a month.",
        "I couldn't find this in the documents, so simply delete the workspace and the plan ends.",
        "I don't know – cancelling is free of charge for everybody.",
        "I don't have that, refunds are always granted",
        "I'm not sure, our premium plan includes a lifetime warranty for all users.",
        "I can't help with that, but deleting the workspace ends the plan.",
        "I do not know (the subscription stops by itself).",
        "Good question: refunds are always guaranteed.",
        "No problem, the warranty lasts forever!",
        "Great, everything stays free of charge!",
        "You can cancel free of charge, I'm not sure.",
        "**Lifetime warranty for everyone**",
    ],
    "de": [
        "Das weiß ich nicht, die Kündigung ist jederzeit kostenlos möglich.",
        "Ich weiß es nicht genau; meist kommt das Geld auf die ursprüngliche Karte zurück.",
        "Dazu habe ich nichts gefunden, löschen Sie also einfach den Arbeitsbereich.",
        "Ich bin nicht sicher – Erstattungen werden immer gewährt.",
        "Das kann ich nicht beantworten, doch der Tarif endet mit dem Monat.",
        "Gute Frage: Die Garantie gilt lebenslang.",
        "Leider nicht erwähnt (das Abo läuft von selbst aus).",
    ],
    "fr": [
        "Je ne sais pas, la résiliation est toujours gratuite.",
        "Je ne suis pas sûr ; en général le remboursement revient sur la carte d'origine.",
        "Je n'ai rien trouvé, supprimez donc simplement l'espace de travail.",
        "Je ne sais pas – les remboursements sont toujours accordés.",
        "Je ne peux pas répondre, mais l'abonnement se termine à la fin du mois.",
        "Bonne question : la garantie est valable à vie.",
    ],
    "es": [
        "No lo sé, la cancelación siempre es gratuita.",
        "No estoy seguro; normalmente el reembolso vuelve a la tarjeta original.",
        "No he encontrado nada, así que elimine el espacio de trabajo.",
        "No lo sé – los reembolsos siempre se conceden.",
        "No puedo responder, pero la suscripción termina a fin de mes.",
        "Buena pregunta: la garantía es de por vida.",
    ],
    "ar": [
        "لا أعرف، الإلغاء مجاني دائما.",
        "لا أدري؛ عادة يعود المبلغ إلى البطاقة الأصلية.",
        "لم أجد ذلك، احذف مساحة العمل فتنتهي الخطة.",
        "لا أعرف – المبالغ تسترد دائما.",
        "لا يمكنني الإجابة، لكن الاشتراك ينتهي آخر الشهر.",
        "سؤال جيد: الضمان مدى الحياة.",
    ],
}
ASSERTING_QUESTIONS = {
    "en": [
        "Cancelling is always free and refunds are guaranteed, right?",
        "Cancel is free?",
        "You cancel in the settings, what else do you need?",
        "Which plan do you use, since all of them are refunded?",
        "How do you cancel, it is free, isn't it?",
        "Did you know that refunds are guaranteed?",
    ],
    "de": [
        "Die Kündigung ist immer kostenlos, oder?",
        "Sie kündigen kostenlos, nicht wahr?",
        "Erstattungen sind garantiert, was brauchen Sie noch?",
        "Welchen Tarif nutzen Sie, denn alle werden erstattet?",
        "Wussten Sie, dass die Garantie lebenslang gilt?",
    ],
    "fr": [
        "La résiliation est toujours gratuite, n'est-ce pas ?",
        "Vous résiliez gratuitement, non ?",
        "Les remboursements sont garantis, que voulez-vous savoir ?",
        "Quelle offre utilisez-vous, car toutes sont remboursées ?",
        "Savez-vous que la garantie est à vie ?",
    ],
    "es": [
        "La cancelación siempre es gratuita, ¿verdad?",
        "Usted cancela gratis, ¿no?",
        "Los reembolsos están garantizados, ¿qué más quiere saber?",
        "¿Qué plan utiliza, porque todos se reembolsan?",
        "¿Sabía que la garantía es de por vida?",
    ],
    "ar": [
        "الإلغاء مجاني دائما، أليس كذلك؟",
        "الاشتراك مجاني، صحيح؟",
        "المبالغ مضمونة، ماذا تريد أن تعرف؟",
        "أي خطة تستخدم، لأن كلها تسترد؟",
        "هل تعلم أن الضمان مدى الحياة؟",
    ],
}
CLARIFYING = {
    "en": [
        "Which plan do you use?",
        "Do you mean your account or your order?",
        "Sorry to hear that. Which error do you see?",
    ],
    "de": [
        "Welchen Tarif nutzen Sie?",
        "Meinen Sie Ihr Konto oder Ihre Bestellung?",
        "Das tut mir leid. Welche Fehlermeldung sehen Sie?",
    ],
    "fr": [
        "Quelle offre utilisez-vous ?",
        "Parlez-vous de votre compte ou de votre commande ?",
        "Désolé. Quel message d'erreur voyez-vous ?",
    ],
    "es": ["¿Qué plan utiliza?", "¿Se refiere a su cuenta o a su pedido?", "Lo siento. ¿Qué mensaje de error ve?"],
    "ar": ["أي خطة تستخدم؟", "هل تقصد حسابك أو طلبك؟", "آسف. ما رسالة الخطأ التي تظهر؟"],
}
GREETINGS = {
    "en": ["Hello! How can I help you?", "You're welcome! Is there anything else?", "Goodbye, have a nice day!"],
    "de": ["Hallo! Wie kann ich Ihnen helfen?", "Gern geschehen! Kann ich sonst noch helfen?", "Auf Wiedersehen!"],
    "fr": ["Bonjour ! Comment puis-je vous aider ?", "De rien, bonne journée !", "Je vous en prie !"],
    "es": ["¡Hola! ¿En qué puedo ayudarle?", "De nada, ¡hasta luego!", "¡Buenos días!"],
    "ar": ["مرحبا! كيف يمكنني مساعدتك؟", "على الرحب والسعة!", "عفوا، مع السلامة!"],
}
SHOWN = (Verdict.CLARIFY, Verdict.SMALL_TALK, Verdict.TOOL, Verdict.REPEATS_SOURCE)


def _pairs(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(code, text) for code, texts in table.items() for text in texts]


def _judge(question: str, answer: str, *, good: bool = False, talk: bool = False) -> Verdict:
    sources = Sources()
    sources.add(from_passage(STRAY, supported=False))
    if good:
        sources.add(from_passage(PASSWORD, supported=True))
    return judge(question, answer, sources, small_talk=talk, standing=None, may_ask_again=False).verdict


@pytest.mark.parametrize("table", [GUESSES, ASSERTING_QUESTIONS, CLARIFYING, GREETINGS])
def test_every_language_has_its_sentences(table: dict[str, list[str]]) -> None:
    assert set(table) == set(ANSWERED)
    assert all(len(texts) >= (5 if table in (GUESSES, ASSERTING_QUESTIONS) else 3) for texts in table.values())


@pytest.mark.parametrize("good", [False, True])
@pytest.mark.parametrize(("code", "text"), _pairs(GUESSES) + _pairs(ASSERTING_QUESTIONS))
def test_a_guess_is_withheld(code: str, text: str, good: bool) -> None:
    assert _judge(ASKED[code], text, good=good) is Verdict.WITHHOLD
    assert _judge("hi", text, good=good, talk=True) is Verdict.WITHHOLD


@pytest.mark.parametrize(("code", "text"), _pairs(GUESSES) + _pairs(ASSERTING_QUESTIONS))
def test_a_guess_in_the_customers_own_words_is_not_shown_either(code: str, text: str) -> None:
    assert _judge(f"{ASKED[code]} {text}", text) not in SHOWN


@pytest.mark.parametrize(("code", "text"), _pairs(GUESSES) + _pairs(ASSERTING_QUESTIONS))
async def test_a_guess_does_not_stand_beside_a_cited_answer(code: str, text: str) -> None:
    assert not is_grounded(text, ("How do I reset my password? Click it on the sign-in page.",), said=ASKED[code])
    sources = Sources()
    sources.add(from_passage(PASSWORD, supported=True))
    shown: list[str] = []

    async def emit(piece: str) -> None:
        shown.append(piece)

    async def announce(_: object) -> None:
        return None

    gate = CitationGate(sources, emit, announce, said=ASKED[code])
    await gate.feed(f"Use the sign-in page [1].\n\n{text}\n\nAnything else?")
    await gate.finish()
    assert "".join(shown) == gate.text == "Use the sign-in page [1].\n\nAnything else?"


@pytest.mark.parametrize(("code", "text"), _pairs(CLARIFYING))
def test_a_question_that_only_asks_is_shown(code: str, text: str) -> None:
    assert _judge(ASKED[code], text) is Verdict.CLARIFY
    assert is_grounded(text, ())


@pytest.mark.parametrize(("code", "text"), _pairs(GREETINGS))
def test_a_greeting_is_shown(code: str, text: str) -> None:
    assert _judge("hi", text, talk=True) is Verdict.SMALL_TALK


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("What does it cost, and do you sell bicycles?", "I don't know whether you sell bicycles."),
        ("What does it cost, and do you sell bicycles?", "I couldn't find anything about bicycles in the documents."),
        ("Was kostet es, und verkaufen Sie Räder?", "Ich weiß es nicht, ob Sie Räder verkaufen."),
        ("Combien, et vendez-vous des vélos ?", "Je ne sais pas si vous vendez des vélos."),
        ("¿Cuánto cuesta, y venden bicicletas?", "No he encontrado nada sobre bicicletas."),
        ("كم السعر، وهل تبيعون دراجات؟", "لا أعرف شيئا عن دراجات."),
    ],
)
def test_what_is_not_known_may_be_named_in_the_customers_words(asked: str, text: str) -> None:
    assert is_grounded(text, ("The Team plan costs 9 euros.",), said=asked)
    assert not is_grounded(text, ("The Team plan costs 9 euros.",), said="hi")


@pytest.mark.parametrize(
    "text",
    [
        "I'm not sure, but you can.",
        "I don't know, you have it.",
        "Great, we do!",
        "Yes, we do.",
        "It works!",
        "It is covered.",
    ],
)
def test_small_words_can_be_a_claim_too(text: str) -> None:
    assert _judge("Do you sell bicycles?", text) not in SHOWN
    assert _judge("hi", text, talk=True) is Verdict.WITHHOLD


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("Is it free?", "Of course! Anything else?"),
        ("Is it free?", "Great!"),
        ("Can I get a refund?", "No problem!"),
        ("Is it free?", "Sure! How can I help?"),
        ("Ist das kostenlos?", "Gerne! Wie kann ich helfen?"),
        ("Est-ce gratuit ?", "D'accord, bien sûr !"),
        ("Est-ce gratuit ?", "Avec plaisir !"),
        ("¿Es gratis?", "¡Claro que sí!"),
        ("¿Es gratis?", "Con gusto."),
        ("هل الإلغاء مجاني؟", "نعم، طبعا!"),
        ("هل الإلغاء مجاني؟", "بكل سرور!"),
    ],
)
def test_a_courtesy_that_is_a_yes_is_a_claim(asked: str, text: str) -> None:
    assert _judge(asked, text) is Verdict.WITHHOLD


@pytest.mark.parametrize(
    "text",
    [
        "Here are the steps:",
        "Here is how to do it:",
        "Let me know if you need anything else.",
        "Does that help?",
        "Gehen Sie so vor:",
        "Haben Sie noch weitere Fragen?",
        "Suivez ces étapes :",
        "Avez-vous d'autres questions ?",
        "Siga estos pasos:",
        "¿Necesita algo más?",
        "اتبع الخطوات التالية:",
        "هل تحتاج إلى مساعدة أخرى؟",
    ],
)
def test_lead_ins_and_offers_stand_beside_a_cited_answer(text: str) -> None:
    assert is_grounded(text, ())
