"""Which answers without a citation may be shown."""

from __future__ import annotations

import pytest

from core.agent.claims import claims_handover, offers_person, says_unknown
from core.agent.sources import Sources, from_passage
from core.agent.verdict import Verdict, judge
from tests.contract.responders.world import PASSWORD, STRAY


def _judge(
    question: str,
    answer: str,
    *,
    good: bool = False,
    talk: bool = False,
    standing: str | None = None,
    again: bool = True,
) -> Verdict:
    sources = Sources()
    sources.add(from_passage(STRAY, supported=False))
    if good:
        sources.add(from_passage(PASSWORD, supported=True))
    return judge(question, answer, sources, small_talk=talk, standing=standing, may_ask_again=again).verdict


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        ("Do you sell bicycles?", "Yes, we sell bicycles in every colour.", Verdict.WITHHOLD),
        ("bicycles for sale", "It is free.", Verdict.WITHHOLD),
        ("Do you sell bicycles?", "Yes! Which size do you need? They cost 90 euros.", Verdict.WITHHOLD),
        ("Do you sell bicycles?", "I'm sorry, I don't know that.", Verdict.UNKNOWN),
        ("Verkaufen Sie Räder?", "Das weiß ich leider nicht.", Verdict.UNKNOWN),
        ("It does not work", "I'm sorry to hear that. What happens when you sign in?", Verdict.CLARIFY),
        ("My name is Ann", "Nice to meet you, Ann! How can I help?", Verdict.CLARIFY),
        ("My name is Ann", "Nice to meet you, Ann!", Verdict.SMALL_TALK),
    ],
)
def test_without_good_sources(question: str, answer: str, verdict: Verdict) -> None:
    assert _judge(question, answer) is verdict


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, I don't know whether we sell bicycles. Would you like to talk to a person?",
        "I couldn't find anything about bicycles in our documents, but I can bring in a person if you like.",
        "I don't know that. Feel free to ask me something else.",
        "Dazu liegen mir keine Angaben vor. Möchten Sie mit einem Menschen sprechen?",
        "Das weiß ich leider nicht, aber ich helfe gern bei anderen Fragen.",
        "Je ne sais pas. Souhaitez-vous parler à une personne ?",
        "No lo sé. ¿Quiere hablar con una persona?",
        "لا أعرف. هل تريد التحدث مع شخص؟",
    ],
)
def test_to_admit_not_to_know_is_shown(answer: str) -> None:
    assert _judge("Do you sell bicycles?", answer) is Verdict.UNKNOWN
    assert _judge("Do you sell bicycles?", answer, good=True) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "answer",
    [
        "I'm not sure, but refunds take 90 days.",
        "I don't know exactly. They usually arrive within two weeks and go to the card that was charged.",
        "I don't know, but you get all of your money back from the shop at the harbour.",
        "Ich weiß es nicht, aber Sie bekommen Ihr Geld auf jeden Fall vollständig von uns zurück.",
        "Je ne sais pas, mais le remboursement arrive toujours après deux semaines sur votre carte.",
        "No lo sé, pero el reembolso llega siempre después de dos semanas a su tarjeta.",
    ],
)
def test_not_to_know_excuses_no_guess(answer: str) -> None:
    assert _judge("Do you sell bicycles?", answer) is Verdict.WITHHOLD
    assert _judge("Do you sell bicycles?", answer, good=True) is Verdict.CITE_AGAIN


def test_small_talk_and_tool_answers_need_no_source() -> None:
    assert _judge("hi", "Hello! How can I help you?", talk=True) is Verdict.SMALL_TALK
    assert _judge("Where is order 7?", "It is in Lisbon.", standing="It is in Lisbon.") is Verdict.TOOL


def test_of_what_rests_on_no_result_and_no_source_nothing_is_left_when_it_was_asked_for_once() -> None:
    answer = "It is in Lisbon. Refunds take 60 days."
    assert _judge("Where is order 7?", answer, standing="It is in Lisbon.") is Verdict.CITE_AGAIN
    assert _judge("Where is order 7?", answer, standing="It is in Lisbon.", again=False) is Verdict.TOOL
    assert _judge("Where is order 7?", answer, standing="", again=False) is Verdict.WITHHOLD


def test_what_repeats_a_source_is_asked_for_its_marker_also_beside_a_tool() -> None:
    answer = "Click “Forgot password?” on the sign-in page."
    assert _judge("password?", answer, standing=answer, good=True) is Verdict.CITE_AGAIN
    assert _judge("password?", answer, standing=answer, good=True, again=False) is Verdict.TOOL


def test_with_good_sources_it_is_asked_once_for_markers() -> None:
    assert _judge("password?", "Write a letter to the king of France.", good=True) is Verdict.CITE_AGAIN
    assert _judge("password?", "Write a letter to the king of France.", good=True, again=False) is Verdict.WITHHOLD


def test_an_answer_that_repeats_a_good_source_gets_its_marker() -> None:
    answer = "Click “Forgot password?” on the sign-in page. The link works for 60 minutes."
    assert _judge("password?", answer, good=True) is Verdict.REPEATS_SOURCE
    assert _judge("hours?", "The office in Lisbon is open from nine to five on weekdays.") is Verdict.WITHHOLD


@pytest.mark.parametrize(
    "sentence",
    [
        "I'm connecting you with a colleague now.",
        "I’ll transfer you to a human agent.",
        "I have forwarded your request to our team.",
        "You will be contacted shortly.",
        "A colleague will get back to you soon.",
        "Please hold on while I get somebody.",
        "Your request has been escalated.",
        "Ich verbinde Sie jetzt mit einem Mitarbeiter.",
        "Ich habe Ihre Anfrage weitergeleitet.",
        "Je vous mets en relation avec un conseiller.",
        "Votre demande a été transmise.",
        "Le paso con un agente.",
        "He enviado su consulta al equipo.",
        "سأقوم بتحويلك إلى موظف.",
        "سيتواصل معك أحد الموظفين.",
    ],
)
def test_claims_of_a_handover_are_caught(sentence: str) -> None:
    assert claims_handover(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Would you like me to connect you with a person?",
        "If you like, I'll connect you with a person.",
        "Shall I bring in a colleague?",
        "You can transfer a project to another owner in the settings.",
        "Admins will get an e-mail when the export is ready.",
        "Möchten Sie mit einem Menschen sprechen?",
        "Sie können ein Projekt an einen Kollegen übergeben.",
        "Souhaitez-vous parler à une personne ?",
        "¿Quiere hablar con una persona?",
        "هل تود التحدث مع شخص؟",
    ],
)
def test_offers_and_ordinary_sentences_are_not(sentence: str) -> None:
    assert not claims_handover(sentence)


def test_our_own_fixed_texts_claim_nothing() -> None:
    from core.agent.language import ANSWERED, packs
    from core.agent.sentences import sentences

    for code in ANSWERED:
        for text in packs()[code].texts.values():
            assert not any(claims_handover(sentence) for sentence in sentences(text)), text
        assert says_unknown(packs()[code].texts["unknown"]), code
        assert offers_person(packs()[code].texts["offer"]), code
