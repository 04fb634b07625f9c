"""What every responder promises, whatever answers behind it. Subclass it and give it a responder."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from core.agent.language import packs
from core.domain.choices import choices_in
from core.domain.errors import LostClaim
from core.domain.messages import Author, CustomerAction, MessageKind
from core.ports.responder import Reply
from tests.contract.responders.beside import BesideContract
from tests.contract.responders.world import (
    PASSWORD,
    REFUNDS,
    RETURNS,
    Docs,
    Watcher,
    message,
    recording,
    text_file,
)

INVOICE = "INVOICE 2026-117\n\nBill to: Ada Lovelace\n\nSubtotal: 329.00 EUR\nTotal: 391.51 EUR\n\nPayment is due in 14 days.\n"
PASSWORD_QUESTIONS = {
    "de": "Wie kann ich mein Passwort zurücksetzen?",
    "fr": "Comment puis-je réinitialiser mon mot de passe ?",
    "es": "¿Cómo puedo restablecer mi contraseña?",
    "ar": "كيف يمكنني إعادة تعيين كلمة المرور؟",
}


class ResponderContract(BesideContract):
    """Every responder's behaviour; a subclass makes it."""

    async def test_an_answer_carries_its_source(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, "How do I reset my password?")
        assert reply.kind is MessageKind.ANSWER
        assert "Forgot password" in reply.text
        assert [citation.id for citation in reply.citations] == [PASSWORD.id]
        assert {int(n) for n in re.findall(r"\[(\d+)\]", reply.text)} == {1}
        assert 0 < reply.confidence <= 1
        assert watcher.cited[-1] == reply.citations

    async def test_what_is_streamed_is_what_is_said(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, "How do I reset my password?")
        assert watcher.text_shown == reply.text

    async def test_it_says_that_it_does_not_know(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, "Do you sell bicycles?")
        assert reply.kind is MessageKind.UNKNOWN
        assert reply.offers_person
        assert reply.citations == ()
        assert reply.text.strip()

    @pytest.mark.parametrize(
        "text",
        [
            "I want to talk to a human",
            "Ich möchte bitte mit einem Menschen sprechen.",
            "Je voudrais parler à un conseiller",
            "Quiero hablar con una persona",
            "أريد التحدث مع شخص حقيقي",
        ],
    )
    async def test_a_wish_for_a_person_escalates(self, docs: Docs, watcher: Watcher, text: str) -> None:
        reply = await self._ask(docs, watcher, text)
        assert reply.escalation is not None
        assert reply.escalation.requested_by == "customer"
        assert watcher.text_shown == ""

    async def test_the_button_escalates(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, message("Talk to us", action=CustomerAction.REQUEST_PERSON))
        assert reply.escalation is not None

    async def test_yes_to_an_offer_escalates_and_no_does_not(self, docs: Docs, watcher: Watcher) -> None:
        history = [
            message("Do you sell bicycles?", seq=1),
            message("I don't know. Talk to a person?", seq=2, author=Author.AGENT, kind=MessageKind.UNKNOWN),
        ]
        assert (await self._ask(docs, watcher, "yes please", history=history)).escalation is not None
        declined = await self._ask(docs, watcher, "no thanks", history=history)
        assert declined.escalation is None
        assert declined.text.strip()

    async def test_an_escalation_keyword_escalates(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, "I will take legal action if my password is not reset")
        assert reply.escalation is not None
        assert "legal action" in reply.escalation.reason

    async def test_small_talk_is_answered_without_sources(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, "Hello!")
        assert reply.kind is MessageKind.SMALL_TALK
        assert reply.citations == ()
        assert reply.text.strip()

    async def test_a_follow_up_is_looked_up_with_the_question_before(self, docs: Docs, watcher: Watcher) -> None:
        history = [
            message("What does the Team plan cost?", seq=1),
            message("9 euros per person and month.", seq=2, author=Author.AGENT),
        ]
        reply = await self._ask(docs, watcher, message("And with annual billing?", seq=3), history=history)
        assert [" ".join(query.split()) for query in docs.queries] == [
            "What does the Team plan cost? And with annual billing?"
        ]
        assert reply.text.strip()

    async def test_a_file_is_used_and_cited_by_name(self, docs: Docs, watcher: Watcher) -> None:
        file = text_file(INVOICE)
        reply = await self._ask(docs, watcher, message("What is the invoice total?", attachments=[file]), files=[file])
        assert "391.51" in reply.text
        assert [(citation.id, citation.title) for citation in reply.citations] == [("f1", "invoice.pdf")]

    async def test_a_file_of_an_earlier_message_is_used(self, docs: Docs, watcher: Watcher) -> None:
        history = [
            message("here", seq=1, attachments=[text_file(INVOICE)]),
            message("Thanks", seq=2, author=Author.AGENT),
        ]
        reply = await self._ask(
            docs, watcher, "When is payment due according to my file?", history=history, files=[text_file(INVOICE)]
        )
        assert "14 days" in reply.text
        assert reply.citations[0].id == "f1"

    @pytest.mark.parametrize("said", ["", "Hi"])
    async def test_a_voice_note_alone_is_not_understood_and_a_person_is_offered(
        self, docs: Docs, watcher: Watcher, said: str
    ) -> None:
        reply = await self._ask(docs, watcher, message(said, attachments=[recording()]))
        assert reply.text == (
            "I cannot listen to “voice.ogg”, but I keep it with our conversation, so that a person can hear it. "
            "Would you like to talk to a person?"
        )
        assert reply.kind is MessageKind.UNKNOWN
        assert reply.offers_person
        assert reply.escalation is None

    @pytest.mark.parametrize(
        ("locale", "begins"),
        [
            ("de", "„clip.mp4“ kann ich nicht ansehen."),
            ("fr", "Je ne peux pas regarder « clip.mp4 »"),
            ("es", "No puedo ver «clip.mp4»"),
            ("ar", "لا يمكنني مشاهدة «clip.mp4»"),
        ],
    )
    async def test_a_film_alone_in_the_customers_language(
        self, docs: Docs, watcher: Watcher, locale: str, begins: str
    ) -> None:
        film = recording("clip.mp4", "video/mp4")
        reply = await self._ask(docs, watcher, message("", attachments=[film]), locale=locale)
        assert reply.text.startswith(begins)
        assert reply.text.endswith(packs()[locale].texts["offer"])

    async def test_a_caption_is_answered_and_the_voice_note_named(self, docs: Docs, watcher: Watcher) -> None:
        asked = message("How do I reset my password?", attachments=[recording()])
        reply = await self._ask(docs, watcher, asked)
        assert reply.kind is MessageKind.ANSWER
        assert "Forgot password" in reply.text
        assert [citation.id for citation in reply.citations] == [PASSWORD.id]
        assert reply.text.count("I cannot listen to “voice.ogg”") == 1
        assert reply.text.endswith("Would you like to talk to a person?")
        assert reply.offers_person
        assert watcher.text_shown == reply.text

    async def test_a_voice_note_and_a_film_are_both_named(self, docs: Docs, watcher: Watcher) -> None:
        clip = recording("clip.mp4", "video/mp4", file_id="r2")
        reply = await self._ask(
            docs, watcher, message("", attachments=[recording()]), message("", seq=2, attachments=[clip])
        )
        assert "listen to “voice.ogg”" in reply.text
        assert "watch “clip.mp4”" in reply.text

    @pytest.mark.parametrize("said", ["", "How do I reset my password?"])
    async def test_a_file_that_did_not_arrive_is_named_as_missing(
        self, docs: Docs, watcher: Watcher, said: str
    ) -> None:
        lost = replace(recording("film.mov", "video/quicktime"), storage_key="", error="The file is larger than 10 MB.")
        reply = await self._ask(docs, watcher, message(said, attachments=[lost]))
        assert reply.text.count("“film.mov” did not arrive: it is too large") == 1
        assert reply.text.endswith("Would you like to talk to a person?")
        assert ("Forgot password" in reply.text) is bool(said)
        assert reply.offers_person

    async def test_who_asks_for_a_person_is_not_told_of_the_voice_note(self, docs: Docs, watcher: Watcher) -> None:
        asked = message("I want to talk to a person", attachments=[recording()])
        reply = await self._ask(docs, watcher, asked)
        assert reply.escalation is not None
        assert not reply.text

    async def test_a_deleted_message_is_not_answered(self, docs: Docs, watcher: Watcher) -> None:
        from tests.contract.responders.world import NOW

        gone = replace(message("I want to talk to a human"), deleted_at=NOW)
        reply = await self._ask(docs, watcher, gone)
        assert reply.escalation is None
        assert reply.text.strip()

    async def test_it_waits_while_the_knowledge_loads(self, docs: Docs, watcher: Watcher) -> None:
        docs.loading = 3
        reply = await self._ask(docs, watcher, "How do I reset my password?")
        assert reply.kind is MessageKind.ANSWER

    async def test_knowledge_that_stays_away_is_said(self, docs: Docs, watcher: Watcher) -> None:
        docs.loading = 10_000
        reply = await self._ask(docs, watcher, "How do I reset my password?")
        assert reply.kind is MessageKind.FAILURE
        assert reply.offers_person
        assert "documents" in reply.text

    async def test_a_broken_retriever_is_not_silence(self, docs: Docs, watcher: Watcher) -> None:
        docs.broken = RuntimeError("index on fire")
        reply = await self._ask(docs, watcher, "How do I reset my password?")
        assert reply.kind is MessageKind.FAILURE
        assert reply.offers_person
        assert "fire" not in reply.text

    async def test_a_lost_claim_reaches_the_caller(self, docs: Docs) -> None:
        with pytest.raises(LostClaim):
            await self._ask(docs, Watcher(lost_at="text"), "How do I reset my password?")

    @pytest.mark.parametrize(("locale", "text"), PASSWORD_QUESTIONS.items())
    async def test_failures_are_told_in_the_language_that_is_written(
        self, docs: Docs, watcher: Watcher, locale: str, text: str
    ) -> None:
        docs.broken = RuntimeError("index on fire")
        told = await self._ask(docs, watcher, text, locale="en")
        english = await self._ask(docs, watcher, "How do I reset my password?", locale=locale)
        short = await self._ask(docs, watcher, "password", locale=locale)
        assert told.text == short.text != english.text

    async def test_a_wish_taken_back_in_the_same_breath_is_none(self, docs: Docs, watcher: Watcher) -> None:
        reply = await self._ask(docs, watcher, "I want to talk to a person", "Never mind, cancel that")
        assert reply.escalation is None
        assert reply.text.strip()

    @pytest.mark.parametrize(
        "text", ["Was I transferred to a person yesterday?", "Can I talk to a person on weekends?"]
    )
    async def test_a_question_about_persons_is_answered_or_not_known(
        self, docs: Docs, watcher: Watcher, text: str
    ) -> None:
        reply = await self._ask(docs, watcher, text)
        assert reply.escalation is None
        assert reply.kind is MessageKind.UNKNOWN
        assert reply.offers_person

    @pytest.fixture
    def unsure(self) -> Docs:
        """What is near "money" is not near enough to answer from."""
        return Docs({"money": REFUNDS, "geld": REFUNDS, "back": RETURNS, "zurück": RETURNS}, doubt=0.35)

    async def _asked_back(self, docs: Docs, text: str = "What about my money back", **world: object) -> Reply:
        return await self._ask(docs, Watcher(), message(text, seq=1), **world)

    async def _then(self, docs: Docs, back: Reply, said: str, question: str = "What about my money back") -> Reply:
        history = [
            message(question, seq=1),
            message(back.text, seq=2, author=Author.AGENT, kind=back.kind, meta={"intent": back.intent, **back.meta}),
        ]
        return await self._ask(docs, Watcher(), message(said, seq=3), history=history)

    async def test_between_the_bounds_it_asks_back_and_claims_nothing(self, unsure: Docs) -> None:
        reply = await self._asked_back(unsure)
        assert "1. Terms › Refunds\n2. How do I send something back?" in reply.text
        assert (reply.kind, reply.intent) == (MessageKind.ANSWER, "clarify")
        assert (reply.citations, reply.confidence, reply.offers_person) == ((), 0.0, False)
        assert "business days" not in reply.text
        assert "post office" not in reply.text

    async def test_it_asks_back_in_the_customers_language(self, unsure: Docs) -> None:
        english = await self._asked_back(unsure)
        german = await self._asked_back(unsure, "Wie bekomme ich denn mein Geld zurück?")
        assert "Nummer" in german.text
        assert choices_in(german.meta)[0].label == choices_in(english.meta)[0].label

    @pytest.mark.parametrize("said", ["1", "nr. 1", "the first one", "１", "1️⃣", "Terms › Refunds", "Refunds"])
    async def test_a_choice_is_answered_from_what_was_chosen(self, unsure: Docs, said: str) -> None:
        reply = await self._then(unsure, await self._asked_back(unsure), said)
        assert "5 business days" in reply.text
        assert [citation.id for citation in reply.citations] == [REFUNDS.id]

    @pytest.mark.parametrize(
        ("question", "said", "told"),
        [
            ("What about my money back", "9", "1 or 2, please:"),
            ("What about my money back", "yes", "1 or 2, please:"),
            ("Wie bekomme ich denn mein Geld zurück?", "3", "Bitte 1 oder 2:"),
            ("Quand est-ce que vous me rendez le money back ?", "7", "1 ou 2, s'il vous plaît :"),
            ("¿Cuándo me devuelven el dinero, money back?", "el cuarto", "1 o 2, por favor:"),
            ("كيف يمكنني استعادة أموالي money back؟", "٩", "1 أو 2 من فضلك:"),
        ],
    )
    async def test_after_a_slip_it_names_what_can_be_chosen(
        self, unsure: Docs, question: str, said: str, told: str
    ) -> None:
        back = await self._asked_back(unsure, question)
        again = await self._then(unsure, back, said, question)
        assert again.text.startswith(f"{told}\n\n1. Terms › Refunds\n2. How do I send something back?")
        assert (again.intent, again.offers_person, choices_in(again.meta)) == ("clarify", False, choices_in(back.meta))
        assert (await self._then(unsure, again, "1", question)).citations[0].id == REFUNDS.id

    async def test_never_mind_is_taken_as_said(self, unsure: Docs) -> None:
        reply = await self._then(unsure, await self._asked_back(unsure), "never mind")
        assert (reply.kind, reply.intent, reply.offers_person) == (MessageKind.SMALL_TALK, "declined", False)

    async def test_whoever_means_none_of_them_is_offered_a_person(self, unsure: Docs) -> None:
        reply = await self._then(unsure, await self._asked_back(unsure), "none of these")
        assert (reply.kind, reply.offers_person) == (MessageKind.UNKNOWN, True)

    async def test_a_title_in_another_language_does_not_change_the_customers(self, unsure: Docs) -> None:
        question = "Wie bekomme ich denn mein Geld zurück?"
        back = await self._asked_back(unsure, question)
        unsure.broken = RuntimeError("index on fire")
        reply = await self._then(unsure, back, RETURNS.question or "", question)
        assert "Sie" in reply.text

    async def test_whoever_was_asked_back_is_offered_a_person_next(self, unsure: Docs) -> None:
        reply = await self._then(unsure, await self._asked_back(unsure), "It is my money that I want back")
        assert reply.kind is MessageKind.UNKNOWN
        assert reply.offers_person

    async def test_a_wish_for_a_person_is_no_choice(self, unsure: Docs) -> None:
        reply = await self._then(unsure, await self._asked_back(unsure), "I want to talk to a person")
        assert reply.escalation is not None

    async def test_another_question_is_no_choice(self, unsure: Docs) -> None:
        unsure.passages = {**unsure.passages, "password": PASSWORD}
        reply = await self._then(unsure, await self._asked_back(unsure), "How do I reset my password?")
        assert [citation.id for citation in reply.citations] == [PASSWORD.id]

    async def test_one_thing_alone_is_nothing_to_choose_from(self, unsure: Docs) -> None:
        reply = await self._asked_back(unsure, "Money?")
        assert reply.kind is MessageKind.UNKNOWN
        assert reply.offers_person

    async def test_beside_a_wish_for_a_person_nothing_is_asked_back(self, unsure: Docs, watcher: Watcher) -> None:
        reply = await self._ask(unsure, watcher, "Can I get my money back?", "I want a person")
        assert reply.escalation is not None
        assert reply.besides is not None
        assert reply.besides.kind is MessageKind.UNKNOWN
        assert reply.besides.meta == {}
        assert "Refunds" not in reply.besides.text
