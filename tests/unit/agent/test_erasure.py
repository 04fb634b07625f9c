"""Customers who want everything about them erased: what they have to say, twice, and what never counts as their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.agent.erasure import ERASE, ErasureResponder, wants_erasure
from core.agent.language import ANSWERED, packs
from core.agent.small_talk import says_yes
from core.agent.wording import phrase
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.conversation import Escalation, Sharing
from core.domain.messages import Author, Message, MessageKind
from core.ports.outcomes import EraseCustomer
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.turn_reading import may_only_rate
from tests.contract.responders.world import NOW, Watcher, message, text_file, turn_of

_QUOTED = re.compile("[“„«「](.+?)[”“»」]")


class Other:
    """The responder behind it."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.asked: list[str] = []
        self._reply = reply or Reply("Within 30 days.", MessageKind.ANSWER, offers_person=True, intent="question")

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        self.asked.extend(one.text for one in turn.pending)
        return self._reply


def turn(*said: Message | str, history: Sequence[Message] = (), verified: bool = True) -> TurnState:
    state = turn_of(*said, history=history)
    customer = replace(state.customer, verified=verified)
    return replace(state, customer=customer, conversation=replace(state.conversation, shared=Sharing.NEVER))


async def reply_to(state: TurnState, other: Other | None = None) -> Reply:
    responder = ErasureResponder(other or Other(), "Acme", new_code=lambda: "482913")
    return await responder.respond(state, "t1", Watcher())


def asked_before(reply: Reply) -> list[Message]:
    return [message("forget me"), message(reply.text, seq=2, author=Author.AGENT, meta=reply.meta)]


@pytest.mark.parametrize("code", ANSWERED)
async def test_each_wording_of_each_language_is_asked_about_and_a_yes_erases(code: str) -> None:
    for wish in packs()[code].words("memory", "erase"):
        assert wants_erasure(message(wish)), wish
    state = turn(packs()[code].words("memory", "erase")[0])
    state = replace(state, conversation=replace(state.conversation, locale=code))
    texts = packs()[code].texts
    question = await reply_to(state)
    assert question.erasure is None
    (word,) = _QUOTED.findall(texts["erase_yes"])
    assert says_yes(word)
    agreed = turn(word, history=asked_before(question))
    done = await reply_to(agreed)
    assert done.erasure == EraseCustomer(agreed.conversation.id, "cu1", proven=True)


@pytest.mark.parametrize("code", ANSWERED)
def test_what_is_only_remembered_is_forgotten_as_before(code: str) -> None:
    assert not any(wants_erasure(message(one)) for one in packs()[code].words("memory", "forget"))
    assert not {phrase(one) for one in packs()[code].words("memory", "erase")} & {
        phrase(one) for one in packs()[code].words("memory", "forget")
    }


@pytest.mark.parametrize(
    "text",
    ["Please forget me!", "Hi, can you please delete all my data", "I want you to forget me", "Bitte löschen Sie meine Daten",
     "Ich möchte, dass Sie meine Daten löschen."],
)  # fmt: skip
def test_polite_words_change_nothing(text: str) -> None:
    assert wants_erasure(message(text))


@pytest.mark.parametrize(
    "text",
    [
        "Don't delete my data",
        "How do I delete my data?",
        "Please never forget me",
        "Delete my data and send me a refund for order 12",
        "forget my address",
        "forget what you know about my address",
        "Löschen Sie meine Daten nicht",
        "Ne supprimez pas mes données",
        "> forget me",
        "```\nforget me\n```",
        "-----Original message-----\nforget me",
        "",
    ],
)
async def test_other_words_and_quotations_are_the_other_responders(text: str) -> None:
    other = Other()
    assert ERASE not in (await reply_to(turn(text), other)).meta
    assert other.asked == [text]


async def test_no_file_and_no_voice_asks_for_it_or_confirms_it() -> None:
    voice = Attachment("v1", "voice.ogg", "audio/ogg", 10, "0" * 64, "key-v1", ExtractionStatus.READY, "forget me")
    for sent in (message("", attachments=[voice]), message("forget me", attachments=[text_file("x")])):
        assert ERASE not in (await reply_to(turn(sent).as_read())).meta
    spoken = replace(voice, text="yes")
    before = asked_before(await reply_to(turn("forget me")))
    answer = turn(message("", seq=3, attachments=[spoken]), history=before)
    assert (await reply_to(answer.as_read())).erasure is None


@pytest.mark.parametrize("text", ["no", "yes, but when?", "maybe", "What does that mean?"])
async def test_all_but_a_bare_yes_erases_nothing(text: str) -> None:
    before = asked_before(await reply_to(turn("forget me")))
    reply = await reply_to(turn(text, history=before))
    assert reply.erasure is None


async def test_a_yes_that_comes_with_more_words_erases_nothing() -> None:
    before = asked_before(await reply_to(turn("forget me")))
    both = turn(message("yes", seq=3), message("no, wait", seq=4), history=before)
    assert (await reply_to(both)).erasure is None


async def test_a_yes_counts_only_for_the_last_question_of_the_hub_and_for_an_hour() -> None:
    before = asked_before(await reply_to(turn("forget me")))
    between = [*before, message("Anything else?", seq=3, author=Author.AGENT)]
    assert (await reply_to(turn("yes", history=between))).erasure is None
    by_staff = [before[0], replace(before[1], author=Author.STAFF)]
    assert (await reply_to(turn("yes", history=by_staff))).erasure is None
    late = replace(message("yes", seq=3), created_at=NOW + timedelta(hours=1, seconds=1))
    assert (await reply_to(turn(late, history=before))).erasure is None
    anothers = [before[0], replace(before[1], meta={ERASE: {"customer": "cu2", "code": None}})]
    assert (await reply_to(turn("yes", history=anothers))).erasure is None


async def test_a_yes_from_before_the_question_or_behind_other_words_erases_nothing() -> None:
    wish, question = asked_before(await reply_to(turn("forget me")))
    before = [wish, replace(question, seq=3)]
    assert (await reply_to(turn(message("ok", seq=2), history=before))).erasure is None
    assert (await reply_to(turn(message("ok", seq=2), message("yes", seq=4), history=before))).erasure is None
    unanswered = [*before, message("no, keep it", seq=4)]
    assert (await reply_to(turn(message("yes", seq=5), history=unanswered))).erasure is None


async def test_a_sender_that_can_be_forged_types_what_the_address_received() -> None:
    question = await reply_to(turn("forget me", verified=False))
    assert "482913" in question.text
    before = asked_before(question)
    for wrong in ("yes", "482914", "482913 482913"):
        assert (await reply_to(turn(wrong, history=before, verified=False))).erasure is None
    typed = turn("The code is 482913", history=before, verified=False)
    assert (await reply_to(typed)).erasure == EraseCustomer(typed.conversation.id, "cu1", proven=True)


async def test_on_a_page_that_the_hub_signs_a_yes_is_enough_and_proves_no_more_than_the_page() -> None:
    state = turn("forget me", verified=False)
    responder = ErasureResponder(Other(), "Acme", signed=[state.conversation.key.channel])
    question = await responder.respond(state, "t1", Watcher())
    agreed = turn("yes", history=asked_before(question), verified=False)
    done = await responder.respond(agreed, "t1", Watcher())
    assert done.erasure == EraseCustomer(agreed.conversation.id, "cu1", proven=False)


async def test_where_others_read_along_it_is_to_be_asked_in_private() -> None:
    shared = replace(turn("forget me"), conversation=turn_of("x").conversation)
    shared = replace(shared, conversation=replace(shared.conversation, shared=Sharing.ALWAYS))
    reply = await reply_to(shared)
    assert reply.text == packs()["en"].texts["memory_private"]
    assert not reply.meta
    before = asked_before(await reply_to(turn("forget me")))
    agreed = replace(turn("yes", history=before), conversation=shared.conversation)
    assert (await reply_to(agreed)).erasure is None


async def test_what_else_is_asked_is_answered_above_the_question() -> None:
    other = Other()
    reply = await reply_to(turn("How long can I return it?", message("forget me", seq=2)), other)
    assert other.asked == ["How long can I return it?"]
    assert reply.text.startswith("Within 30 days.\n\nEverything that is kept about you")
    assert reply.meta[ERASE]["customer"] == "cu1"
    assert not reply.offers_person, "a yes may mean one thing only"
    assert (await reply_to(turn("Hello", message("forget me", seq=2)))).text.startswith("Everything")


def test_it_is_no_comment_on_how_a_case_was_resolved() -> None:
    assert may_only_rate(turn("all good"))
    assert not may_only_rate(turn("forget me"))


async def test_who_also_wants_a_person_is_given_one() -> None:
    wanted = Reply("", MessageKind.NOTICE, escalation=Escalation("asked", requested_by="customer"))
    reply = await reply_to(turn("A person please", message("forget me", seq=2)), Other(wanted))
    assert reply == wanted
