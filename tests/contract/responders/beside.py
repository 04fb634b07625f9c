"""What is asked beside a wish for a person, contact details or a no is answered too, by every responder."""

from __future__ import annotations

import pytest

from core.domain.messages import Author, CustomerAction, MessageKind
from core.ports.responder import Reply, Responder
from tests.contract.responders.world import PASSWORD, Docs, Watcher, message, turn_of


class BesideContract:
    """``make`` gives a responder over this knowledge base; a model behind it answers sensibly from what it is given."""

    def make(self, docs: Docs) -> Responder:
        raise AssertionError("a subclass says which responder")

    @pytest.fixture
    def docs(self) -> Docs:
        return Docs()

    @pytest.fixture
    def watcher(self) -> Watcher:
        return Watcher()

    async def _ask(self, docs: Docs, watcher: Watcher, *pending: object, **world: object) -> Reply:
        turn = turn_of(*pending, **world)  # type: ignore[arg-type]
        return await self.make(docs).respond(turn, "t1", watcher)

    async def test_what_is_asked_beside_a_wish_is_answered_too(self, docs: Docs, watcher: Watcher) -> None:
        for burst in (
            ["How do I reset my password?", "And I want a person"],
            ["How do I reset my password", "I want to talk to a human"],
            ["How do I reset my password? And please let me talk to a person."],
            ["How do I reset my password?", message("Talk to us", seq=2, action=CustomerAction.REQUEST_PERSON)],
        ):
            reply = await self._ask(docs, watcher, *burst)
            assert reply.escalation is not None
            assert reply.besides is not None
            assert "Forgot password" in reply.besides.text
            assert [citation.id for citation in reply.besides.citations] == [PASSWORD.id]

    async def test_a_question_beside_contact_details_is_answered_as_well(self, docs: Docs, watcher: Watcher) -> None:
        pressed = {"action": CustomerAction.CONTACT}
        for burst in (
            ["How do I reset my password?", "ann@example.com"],
            ["my e-mail is ann@example.com", "How do I reset my password?"],
            ["How do I reset my password?", message("ann@example.com", seq=2, **pressed)],  # type: ignore[arg-type]
            [message("How do I reset my password? ann@example.com", **pressed)],  # type: ignore[arg-type]
        ):
            reply = await self._ask(docs, watcher, *burst)
            assert reply.escalation is not None
            assert reply.meta["contact"] == {"email": "ann@example.com"}
            assert reply.besides is not None
            assert "Forgot password" in reply.besides.text

    async def test_what_nobody_knows_beside_contact_details_is_left_to_whoever_calls(
        self, docs: Docs, watcher: Watcher
    ) -> None:
        pressed = {"action": CustomerAction.CONTACT}
        for burst in (
            ["Do you sell bicycles?", "ann@example.com"],
            [message("ann@example.com. Do you sell bicycles?", **pressed)],  # type: ignore[arg-type]
        ):
            reply = await self._ask(docs, watcher, *burst)
            assert reply.escalation is not None
            assert reply.besides is None

    async def test_contact_details_alone_ask_nothing_besides(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, message("Ann, ann@example.com", action=CustomerAction.CONTACT))
        assert reply.escalation is not None
        assert reply.besides is None

    @pytest.mark.parametrize(
        "burst", [["How do I reset my password?", "no thanks"], ["no", "How do I reset my password?"]]
    )
    async def test_a_no_to_the_offer_of_a_person_keeps_no_question_from_its_answer(
        self, docs: Docs, watcher: Watcher, burst: list[str]
    ) -> None:
        history = [
            message("Do you sell bicycles?"),
            message("A person?", author=Author.AGENT, kind=MessageKind.UNKNOWN),
        ]
        reply = await self._ask(docs, watcher, *burst, history=history)
        assert reply.escalation is None
        assert "Forgot password" in reply.text

    async def test_an_unknown_thing_beside_a_wish_is_said_without_an_offer(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, "Do you sell bicycles?", "I want a person")
        assert reply.escalation is not None
        assert reply.besides is not None
        assert "bicycles" in reply.besides.text
        assert "person" not in reply.besides.text
        assert not reply.besides.offers_person
        assert watcher.text_shown == ""

    @pytest.mark.parametrize(
        "burst", [["This is useless!", "I want a person"], ["Are you kidding me? Let me talk to a human!"]]
    )
    async def test_anger_beside_a_wish_is_not_looked_up(self, docs: Docs, watcher: Watcher, burst: list[str]) -> None:
        reply = await self._ask(docs, watcher, *burst)
        assert reply.escalation is not None
        assert reply.besides is None

    async def test_what_fails_beside_a_wish_does_not_hold_it_up(self, docs: Docs, watcher: Watcher) -> None:
        docs.broken = RuntimeError("index on fire")
        reply = await self._ask(docs, watcher, "How do I reset my password?", "I want a person")
        assert reply.escalation is not None
        assert reply.besides is None
