"""What the responder without a model quotes, and when it holds its tongue."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.agent.settings import AgentSettings
from core.domain.messages import MessageKind
from core.llm.extractive import ExtractiveResponder
from core.ports.responder import Reply
from tests.contract.responders.world import (
    PASSWORD,
    PRICE,
    Docs,
    SteppingClock,
    Watcher,
    message,
    text_file,
    turn_of,
)

INVOICE = "INVOICE 2026-117\n\nBill to: Ada Lovelace\n\nTotal: 391.51 EUR\n\nPayment is due in 14 days.\n"


async def _ask(*pending: object, docs: Docs | None = None, **world: object) -> Reply:
    responder = ExtractiveResponder(docs or Docs(), AgentSettings(company_name="Tidepool"), SteppingClock())
    watcher = Watcher()
    reply = await responder.respond(turn_of(*pending, **world), "t1", watcher)  # type: ignore[arg-type]
    assert watcher.text_shown == reply.text
    return reply


async def test_a_faq_is_answered_with_its_answer_and_its_title_stands_among_the_sources_only() -> None:
    reply = await _ask("How do I reset my password?")
    assert reply.text == f"{PASSWORD.answer} [1]"
    assert [citation.title for citation in reply.citations] == [PASSWORD.title]
    assert reply.confidence == pytest.approx(0.82)


@pytest.mark.parametrize(("score", "shown"), [(0.5, "Webhooks are available."), (0.9, "Yes. Webhooks are available.")])
async def test_a_neighbouring_questions_yes_is_not_said_to_this_one(score: float, shown: str) -> None:
    entry = replace(PASSWORD, answer="Yes. Webhooks are available.", score=score)
    reply = await _ask("How do I reset my password?", docs=Docs({"password": entry}, threshold=0.4))
    assert reply.text == f"{shown} [1]"


async def test_below_the_threshold_nothing_is_quoted() -> None:
    reply = await _ask("How do I reset my password?", docs=Docs(threshold=0.9))
    assert reply.kind is MessageKind.UNKNOWN
    assert reply.text == (
        "I don't know the answer to that: I found nothing in our documents that clearly answers it. "
        "Would you like to talk to a person?"
    )


async def test_each_question_of_a_turn_gets_its_own_answer() -> None:
    reply = await _ask("How do I reset my password?", "What does the Team plan cost? Do you sell bicycles?")
    assert [citation.id for citation in reply.citations] == [PASSWORD.id, PRICE.id]
    assert "[1]" in reply.text
    assert "[2]" in reply.text
    assert "clearly answers “Do you sell bicycles?”" in reply.text
    assert reply.offers_person


async def test_the_same_passage_is_quoted_once() -> None:
    reply = await _ask("How do I reset my password? Where is the password page?")
    assert reply.text.count("Forgot password") == 1


async def test_brackets_in_a_document_are_no_markers() -> None:
    docs = Docs({"plan": replace(PRICE, content="The Team plan costs 9 euros, see note [4].")})
    reply = await _ask("What does the plan cost?", docs=docs)
    assert reply.text.endswith("see note (4). [1]")


async def test_a_marker_stands_below_a_table_not_in_it() -> None:
    docs = Docs({"plan": replace(PRICE, content="| Plan | Price |\n| --- | --- |\n| Team | 9 |")})
    reply = await _ask("What does the plan cost?", docs=docs)
    assert reply.text.endswith("| Plan | Price |\n| --- | --- |\n| Team | 9 |\n\n[1]")


async def test_a_file_alone_is_acknowledged() -> None:
    reply = await _ask(message("", attachments=[text_file(INVOICE)]))
    assert reply.kind is MessageKind.SMALL_TALK
    assert "invoice.pdf" in reply.text


async def test_a_file_is_summarised_from_its_beginning() -> None:
    reply = await _ask(message("Can you summarise this?", attachments=[text_file(INVOICE)]))
    assert "Ada Lovelace" in reply.text
    assert reply.text.rstrip().endswith("[1]")
    assert reply.citations[0].title == "invoice.pdf"


async def test_a_file_without_text_is_said() -> None:
    alone = await _ask(message("", attachments=[text_file(None, name="scan.pdf")]))
    asked = await _ask(message("What is the total?", attachments=[text_file(None, name="scan.pdf")]))
    for reply in (alone, asked):
        assert reply.kind is MessageKind.UNKNOWN
        assert "could not read any text in “scan.pdf”" in reply.text
        assert reply.offers_person


async def test_a_file_that_does_not_hold_the_answer_is_said() -> None:
    reply = await _ask("What does my document say about bananas?", files=[text_file(INVOICE)])
    assert reply.kind is MessageKind.UNKNOWN
    assert "“invoice.pdf”" in reply.text


async def test_a_file_nobody_spoke_of_does_not_outrank_the_documents() -> None:
    reply = await _ask("How do I reset my password?", files=[text_file("password: see the paper. reset it")])
    assert reply.citations[0].id == PASSWORD.id


async def test_a_file_answers_while_the_documents_cannot_be_searched() -> None:
    docs = Docs()
    docs.loading = 10_000
    reply = await _ask("When is payment due?", files=[text_file(INVOICE)], docs=docs)
    assert reply.citations[0].title == "invoice.pdf"


async def test_a_question_with_a_greeting_is_looked_up_without_it() -> None:
    docs = Docs()
    await _ask("Hello! How do I reset my password?", docs=docs)
    assert docs.queries == ["How do I reset my password?"]


async def test_two_questions_in_one_sentence_get_an_answer_each() -> None:
    reply = await _ask("How do I reset my password and what does the Team plan cost?")
    assert [citation.id for citation in reply.citations] == [PASSWORD.id, PRICE.id]


async def test_questions_without_a_question_mark_are_told_apart() -> None:
    reply = await _ask("how do I reset my password", "what does the Team plan cost")
    assert [citation.id for citation in reply.citations] == [PASSWORD.id, PRICE.id]


async def test_each_unknown_question_is_named() -> None:
    reply = await _ask("Do you sell bicycles? Where is the moon base?")
    assert reply.kind is MessageKind.UNKNOWN
    assert reply.citations == ()
    assert "“Do you sell bicycles?”" in reply.text
    assert "“Where is the moon base?”" in reply.text
    assert reply.text.endswith("Would you like to talk to a person?")
    assert reply.offers_person


async def test_beyond_three_questions_the_rest_is_named() -> None:
    reply = await _ask(
        "How do I reset my password? What does the Team plan cost? Do you sell bicycles?",
        "Is there a mobile app? Can I pay by invoice?",
    )
    assert [citation.id for citation in reply.citations] == [PASSWORD.id, PRICE.id]
    assert "“Do you sell bicycles?”" in reply.text
    assert "at most 3 questions" in reply.text
    assert "- Is there a mobile app?\n- Can I pay by invoice?" in reply.text
