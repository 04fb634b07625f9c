"""Which answers without a citation may be shown."""

from __future__ import annotations

import pytest

from core.agent.claims import claims_handover, offers_person, says_unknown
from core.agent.sources import Sources, from_passage
from core.agent.verdict import Verdict, judge
from tests.contract.responders.world import PASSWORD, STRAY


def _judge(
    question: str, answer: str, *, good: bool = False, talk: bool = False, tool: bool = False, again: bool = True
) -> Verdict:
    sources = Sources()
    sources.add(from_passage(STRAY, supported=False))
    if good:
        sources.add(from_passage(PASSWORD, supported=True))
    return judge(question, answer, sources, small_talk=talk, used_tool=tool, may_ask_again=again).verdict


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


def test_small_talk_and_tool_answers_need_no_source() -> None:
    assert _judge("hi", "Hello, we are open around the clock.", talk=True) is Verdict.SMALL_TALK
    assert _judge("Where is order 7?", "It is in Lisbon.", tool=True) is Verdict.TOOL


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
