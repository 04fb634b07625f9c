"""What customers read when they ask about their tickets: without a model, and with one."""

from __future__ import annotations

import pytest

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.verifier import ModelVerifier
from core.domain.messages import MessageKind
from core.llm.extractive import ExtractiveResponder
from core.ports.responder import Reply
from core.ports.store import TurnState
from core.ports.tickets import Holder, NewTicket
from core.storage.store import SqlStore
from tests.contract.responders.world import (
    Docs,
    MemoryJournal,
    ScriptedModel,
    SteppingClock,
    Watcher,
    call,
    say,
)
from tests.integration.tickets.conftest import ADA, BOB, turn
from tests.unit.agent.reviewer import Reviewer

SETTINGS = AgentSettings(company_name="Tidepool")
ASKED = {
    "en": ("What is the status of {}?", "What are my tickets?", "open", "You have no tickets here."),
    "de": ("Wie ist der Stand von {}?", "Was sind meine Tickets?", "offen", "Sie haben hier keine Tickets."),
    "fr": ("Où en est {}, s'il vous plaît ?", "Quels sont mes tickets ?", "ouvert", "Vous n'avez aucun ticket ici."),
    "es": ("¿Cuál es el estado de {}?", "¿Cuáles son mis tickets?", "abierto", "No tiene ningún ticket aquí."),
    "ar": ("ما هي حالة {}؟", "ما هي تذاكري؟", "مفتوحة", "ليست لديك تذاكر هنا."),
}


async def extract(store: SqlStore, state: TurnState) -> Reply:
    responder = ExtractiveResponder(Docs(), SETTINGS, SteppingClock(), store)
    return await responder.respond(state, "t1", Watcher())


async def opened(store: SqlStore, subject: str = "Wrong invoice", origin: str = "a") -> str:
    return (await store.create_ticket(Holder.of(ADA, "c1"), NewTicket(subject), actor="agent", origin=origin)).number


@pytest.mark.parametrize("language", ASKED)
async def test_the_status_and_the_list_in_every_language(store: SqlStore, language: str) -> None:
    status, mine, word, none = ASKED[language]
    assert (await extract(store, turn(mine, locale=language))).text == none
    number = await opened(store)
    for question in (status.format(number), mine):
        reply = await extract(store, turn(question, locale=language))
        assert number in reply.text
        assert word in reply.text
        assert "Wrong invoice" in reply.text
        assert (reply.kind, reply.intent, reply.meta["ticket"]) == (MessageKind.ANSWER, "ticket", number)


async def test_another_customers_ticket_and_none_are_the_same_answer(store: SqlStore) -> None:
    number = await opened(store)
    theirs = await extract(store, turn(f"Status of {number}", BOB))
    none = await extract(store, turn("Status of TKT-20200101-0009", BOB))
    assert theirs.text.replace(number, "N") == none.text.replace("TKT-20200101-0009", "N")
    assert theirs.kind is MessageKind.UNKNOWN
    assert theirs.offers_person
    assert "invoice" not in theirs.text


async def test_what_else_was_asked_is_answered_too(store: SqlStore) -> None:
    number = await opened(store)
    reply = await extract(store, turn(f"What is the status of {number}? How do I reset my password?"))
    assert number in reply.text
    assert "Forgot password" in reply.text
    assert reply.citations


async def test_tickets_of_another_kind_are_a_question_for_the_documents(store: SqlStore) -> None:
    reply = await extract(store, turn("Can I change the password of my tickets?"))
    assert "Forgot password" in reply.text


async def test_the_model_may_say_that_a_ticket_was_opened_once_it_was(store: SqlStore) -> None:
    number = (await store.ticket_number_for("probe")).replace("-0001", "-0002")
    model = ScriptedModel(
        call("create_ticket", '{"subject": "Wrong invoice", "description": "Number 12"}'),
        say(f"I have created ticket {number} for you. I have forwarded {number} to a person. I have created another."),
    )
    loop = AgentLoop(model, Docs(), MemoryJournal(), SETTINGS, SteppingClock(), tickets=store)
    reply = await loop.respond(turn("My invoice number 12 is wrong"), "t1", Watcher())
    assert reply.text == f"I have created ticket {number} for you."
    assert reply.meta["ticket"] == number
    assert [one.number for one in await store.tickets(Holder.of(ADA, "c1"), 5)] == [number]


async def test_without_a_ticket_that_claim_is_left_out(store: SqlStore) -> None:
    model = ScriptedModel(
        call("list_tickets"), say("You have no tickets. I have created ticket TKT-20261121-0001 for you.")
    )
    clock = SteppingClock()
    verifier = ModelVerifier(Reviewer({"created": "promises"}), clock)
    loop = AgentLoop(model, Docs(), MemoryJournal(), SETTINGS, clock, tickets=store, verifier=verifier)
    reply = await loop.respond(turn("Do I have any tickets?"), "t1", Watcher())
    assert reply.text == "You have no tickets."
    assert "ticket" not in reply.meta
