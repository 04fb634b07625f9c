"""What is found in customers' words: by rules in every language that the hub answers in, and by a model that is not believed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.agent.language import ANSWERED, packs
from core.agent.learning import ModelLearner, RuleLearner, stated_facts
from core.domain.budget import ORIGIN, Spender, current_spender
from core.domain.errors import ModelError
from core.domain.memory import CustomerMemory, Fact, FactKind
from core.domain.messages import Author, Message
from core.ports.memories import Unremembered
from tests.contract.responders.world import NOW, ScriptedModel, SteppingClock, message, say


def stated(text: str) -> list[tuple[str, str]]:
    return [(one.kind.value, one.text) for one in stated_facts(message(text))]


def part(*messages: Message, facts: Sequence[Fact] = (), summary: str | None = None) -> Unremembered:
    return Unremembered("c", "cu1", 0, len(messages), summary, CustomerMemory(tuple(facts)), messages, (0.0, "c"))


def known(subject: str, text: str, kind: FactKind = FactKind.FACT) -> Fact:
    return Fact(kind, subject, text, 3, "c", "m0", NOW - timedelta(days=9), NOW - timedelta(days=9))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hi, my name is Alice Miller and I need help", [("name", "Alice Miller")]),
        ("Call me Bob, please", [("name", "Bob")]),
        ("Ich heiße Jörg.", [("name", "Jörg")]),
        ("Je m'appelle Zoé Martin. Répondez en anglais svp", [("name", "Zoé Martin"), ("language", "en")]),
        ("меня зовут Анна", [("name", "Анна")]),
        ("我叫小明，你好", [("name", "小明")]),
        ("私の名前は田中です", [("name", "田中")]),
        ("اسمي علي", [("name", "علي")]),
        ("मेरा नाम राज है", [("name", "राज")]),
        ("Please answer in German", [("language", "de")]),
        ("Bitte schreiben Sie mir auf Englisch", [("language", "en")]),
        ("请用德语回复", [("language", "de")]),
        ("ドイツ語で返信してください", [("language", "de")]),
        ("Пишите, пожалуйста, по-немецки", [("language", "de")]),
        ("Proszę pisać po angielsku", [("language", "en")]),
        ("اكتب بالألمانية من فضلك", [("language", "de")]),
        ("Don't call me!", [("preference", "Don't call me")]),
        ("Rufen Sie mich nicht an", [("preference", "Rufen Sie mich nicht an")]),
        ("my e-mail is alice@example.com", [("contact", "alice@example.com")]),
        ("No, my name is Alicia", [("name", "Alicia")]),
        ("Hi, my name is Alice, where is my order?", [("name", "Alice")]),
        ("I ordered a kettle and my name is Alice", [("name", "Alice")]),
        (
            "My name is Bob and please don't call me",
            [("name", "Bob"), ("preference", "My name is Bob and please don't call me")],
        ),
        ("Please answer in German, where is my order?", [("language", "de")]),
        ("Hello, please write to me in Spanish from now on", [("language", "es")]),
        ("Antworten Sie mir bitte auf Deutsch", [("language", "de")]),
        ("Lütfen bana Almanca yazın", [("language", "de")]),
        ("कृपया मुझे जर्मन में जवाब दें", [("language", "de")]),
    ],
)
def test_what_is_said_outright_needs_no_model(text: str, found: list[tuple[str, str]]) -> None:
    assert stated(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "call me tomorrow",
        "Call me Monday",
        "call me ASAP",
        "My name is wrong on the invoice",
        "I don't speak German",
        "Do not write in German",
        "Is the manual there in German?",
        "> my name is Mallory\nIs this mail from you?",
        "Where is my order?",
        "Does your support answer in German?",
        "does your support answer in German",
        "How long until you answer my Spanish order?",
        "Where do I write the German VAT number?",
        "Please answer my Spanish order",
        "Write the German VAT number on the invoice, please",
        "I write German poems",
        "Your people write in German",
        "Antwortet Ihr Support auf Deutsch?",
        "Don't call me Bob, please",
        "Never call me Bob",
        "Nennen Sie mich nicht Bob",
        "No me llamo Bob",
        "Why do you never call me Back",
        "call me Later",
        "Call me Back",
        "Llámeme Mañana",
        "Rappelez et appelez-moi Demain",
        "Chiamami Domani",
        "Do you have no phone calls in the plan?",
        "Could you forward this to bob@example.com, who waits for it since Monday?",
    ],
)
def test_what_only_sounds_like_it_is_no_fact(text: str) -> None:
    assert stated(text) == []


@pytest.mark.parametrize("code", ANSWERED)
def test_every_language_knows_a_name_and_that_calls_are_unwanted(code: str) -> None:
    pack = packs()[code]
    said, calls = pack.words("memory", "name")[0], pack.words("memory", "no_calls")[0]
    assert stated(f"{said} Anna") == [("name", "Anna")]
    assert [kind for kind, _ in stated(calls)] == ["preference"]


async def test_without_a_model_only_the_customers_words_count() -> None:
    talk = (message("My name is Alice"), message("My name is Hub", seq=2, author=Author.AGENT))
    found = await RuleLearner().learn(part(*talk))
    assert [(one.text, one.message_id) for one in found.facts] == [("Alice", "m1")]
    assert found.summary is None


def answer(*facts: dict[str, object], **more: object) -> list[object]:
    return list(say(json.dumps({"facts": list(facts), **more})))


def told(text: str, number: object = 1, **more: object) -> dict[str, object]:
    return {"kind": "fact", "subject": "plan", "text": text, "importance": 3, "message": number, **more}


TALK = (message("I have the Team plan with 12 seats"), message("Noted.", seq=2, author=Author.AGENT))


async def learn(*script: object, talk: Sequence[Message] = TALK, **more: object) -> tuple[object, ScriptedModel]:
    model = ScriptedModel(*script)  # type: ignore[arg-type]
    learner = ModelLearner(model, SteppingClock(), "Tidepool")
    return await learner.learn(part(*talk, **more)), model  # type: ignore[arg-type]


async def test_a_model_finds_facts_and_sums_up() -> None:
    before = known("city", "Porto")
    found, model = await learn(
        answer(told("Team plan, 12 seats"), used=["city"], summary="They have the Team plan."),
        facts=[before],
        summary="They greeted.",
    )
    assert [(one.subject, one.text, one.importance) for one in found.facts] == [("plan", "Team plan, 12 seats", 3)]  # type: ignore[attr-defined]
    assert found.summary == "They have the Team plan."  # type: ignore[attr-defined]
    assert before.key in found.used  # type: ignore[attr-defined]
    shown = json.loads(model.requests[0].messages[1].content)
    assert (shown["summary"], shown["known"]) == ("They greeted.", [{"subject": "city", "text": "Porto"}])


@pytest.mark.parametrize(
    "wrong",
    [
        told("Team plan, 13 seats"),
        told("See https://evil.example", 1),
        told("Noted.", 2),
        told("Team plan", 0),
        told("Team plan", 3),
        told("Team plan", "1"),
        told("", 1),
        told("Team plan", kind="order"),
        told("Team plan", kind=["fact"]),
        "Team plan",
    ],
)
async def test_what_rests_on_nothing_is_no_fact(wrong: object) -> None:
    found, _ = await learn(answer(wrong))  # type: ignore[arg-type]
    assert found is not None
    assert list(found.facts) == []  # type: ignore[attr-defined]


async def test_a_model_reads_nothing_that_a_customer_quotes() -> None:
    forwarded = message(
        "See below, please\n> Pay to DE02 1203 0000 0000 2020 51\n-----\nOur plan is Gold with 99 seats"
    )
    found, model = await learn(
        answer(told("Pay to DE02 1203 0000 0000 2020 51"), told("Gold, 99 seats")), talk=(forwarded,)
    )
    assert list(found.facts) == []  # type: ignore[attr-defined]
    shown = model.requests[0].messages[1].content
    assert "See below" in shown
    assert not any(word in shown for word in ("DE02", "Gold"))


async def test_beside_a_model_no_rule_decides() -> None:
    found, _ = await learn(answer(told("Team plan, 12 seats")), talk=(*TALK, message("Call me Bob", seq=3)))
    assert [one.text for one in found.facts] == ["Team plan, 12 seats"]  # type: ignore[attr-defined]


async def test_a_model_that_fails_leaves_it_to_the_next_time() -> None:
    found, _ = await learn([ModelError("away")])
    assert found is None


@pytest.mark.parametrize("script", [say("I cannot do that."), say("[]"), say("{"), say('{"facts": 1, "summary": []}')])
async def test_a_model_that_answers_nonsense_is_not_asked_again(script: list[object]) -> None:
    found, _ = await learn(script, talk=(message("My name is Alice"),))
    assert [one.text for one in found.facts] == ["Alice"]  # type: ignore[attr-defined]
    assert found.summary is None  # type: ignore[attr-defined]


async def test_only_facts_that_matter_are_used() -> None:
    facts = [known("bicycle", "Has a blue bicycle"), known("city", "Porto"), known("name", "Alice", FactKind.NAME)]
    found = await RuleLearner().learn(part(message("My bicycle is broken"), facts=facts))
    assert {subject for _, subject in found.used} == {"bicycle", ""}


@pytest.mark.parametrize(
    ("meta", "group", "spender"),
    [
        ({}, "", Spender("customer:cu1")),
        ({}, "domain:x.example", Spender("customer:cu1", group="domain:x.example")),
        ({ORIGIN: "a"}, "", Spender("origin:a")),
        ({ORIGIN: "a/n"}, "", Spender("origin:a", group="network:n")),
    ],
)
async def test_whoever_spends_on_turns_pays_for_the_call(meta: dict[str, str], group: str, spender: Spender) -> None:
    spenders = []

    class Model(ScriptedModel):
        def stream(self, request: object) -> object:  # type: ignore[override]
            spenders.append(current_spender())
            return super().stream(request)  # type: ignore[arg-type]

    talk = message("My name is Alice", meta=meta), message("Noted.", author=Author.AGENT)
    learned = replace(part(*talk), group=group)  # type: ignore[type-var]
    await ModelLearner(Model(answer()), SteppingClock(), "").learn(learned)  # type: ignore[arg-type]
    assert spenders == [spender]
