"""The mail wall over a real store: one mail opens a case, what it said is not said again, and doubts are told to staff."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.domain.case import Case, feed
from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.errors import BadSignature, Unsupported
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import (
    Audience,
    Author,
    MessageKind,
    MessageReceived,
    OutboundMessage,
    RawEvent,
    Receipt,
    StaffAction,
)
from core.ports.channel import WebhookRequest
from core.ports.outcomes import Aside, NewMessage, OpenCase
from core.ports.staff_mail import NOTHING_NEW, StaffMail, reply_thread
from core.ports.store import TurnOutcome, TurnState
from core.storage.store import SqlStore
from handoff import posts
from handoff.mail.wall import MailWall
from handoff.mail_desk import MailDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import SENT_AT, accept, claim_one, said, thread
from tests.unit.core.responders import NotedDesk

_CASE = Case.named(thread().conversation_id, 1)
_FEED = feed("mail", _CASE)
_FACTS = {"case": _CASE, "customer": "Ada", "channel": "web", "reason": "Asked.", "state": "queued"}


class Mailer:
    """Keeps what is written. ``known``: keys of mails that the server has."""

    account = "support@example.com"

    def __init__(self) -> None:
        self.mails: list[StaffMail] = []
        self.known: set[str] = set()

    async def write_to_staff(self, mail: StaffMail, *, idempotency_key: str) -> Receipt:
        """Always taken."""
        self.mails.append(mail)
        self.known.add(idempotency_key)
        return Receipt(idempotency_key)

    async def written_to_staff(self, mail: StaffMail, *, idempotency_key: str) -> Receipt | None:
        """By its key."""
        return Receipt(idempotency_key) if idempotency_key in self.known else None


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[SqlStore]:
    clock = ManualClock()
    store = SqlStore(sqlite_url, clock)
    await store.open()
    await accept(store, said("e1", "Hello"))
    card = NewMessage(Author.SYSTEM, "Ada", MessageKind.NOTICE, meta={"post": "card", "facts": _FACTS})
    first = Aside(_FEED, (card, _said("Where is it?"), posts.card_now(_FACTS, OwnershipState.QUEUED, None)))
    case = Case(_CASE, thread().conversation_id, 1, "Asked.", "customer", "normal", clock.now())
    await store.decide([first], (OpenCase(case),))
    clock.move(1)
    await store.decide([Aside(_FEED, (_said("And now?"), posts.mark("x", "note")))], ())
    yield store
    await store.close()


def _said(text: str) -> NewMessage:
    return NewMessage(Author.CUSTOMER, text, MessageKind.NOTICE, meta={"post": "said"})


async def _feed_messages(store: SqlStore) -> list[OutboundMessage]:
    return [
        OutboundMessage(one.id, _FEED, one.author, one.text, MessageKind.NOTICE, one.author_name, meta=one.meta)
        for one in await store.messages(_FEED.conversation_id)
    ]


async def test_a_case_is_one_mail_and_one_for_each_later_message(store: SqlStore) -> None:
    mailer = Mailer()
    wall = MailWall("mail", mailer, store, "en")
    kinds: list[str] = []
    for number, message in enumerate(await _feed_messages(store)):
        for payload in wall.render(message):
            kinds.append((await wall.pace_of(payload))[0])
            await wall.send(payload, idempotency_key=f"d{number}")
            assert await wall.outcome(payload, idempotency_key=f"d{number}") is not None
    assert kinds == ["mail", "post", "mail"]
    first, second = mailer.mails
    assert "Where is it?" in first.text
    assert "Where is it?" not in second.text
    assert "And now?" in second.text
    assert "And now?" not in first.text
    assert {mail.case_id for mail in mailer.mails} == {_CASE}


async def test_an_unknown_outcome_is_asked_of_the_mail_server(store: SqlStore) -> None:
    wall = MailWall("mail", Mailer(), store, "en")
    (payload,) = wall.render((await _feed_messages(store))[0])
    assert await wall.outcome(payload, idempotency_key="never") is None


async def test_nothing_comes_in_by_the_wall(store: SqlStore) -> None:
    wall = MailWall("mail", Mailer(), store, "en")
    with pytest.raises(BadSignature):
        wall.authenticate(WebhookRequest("POST", "/", {}, b""))
    assert wall.parse(RawEvent("desk", "mail", b"")) == []
    with pytest.raises(Unsupported):
        await wall.fetch(None)  # type: ignore[arg-type]
    assert await wall.case_of(ConversationKey("email", "support@example.com", reply_thread(_CASE))) == _CASE
    assert await wall.case_of(ConversationKey("email", "support@example.com", "abcdefgh")) is None


def _reply(event: str, text: str = "", caution: str | None = None) -> MessageReceived:
    account = Mailer.account
    return MessageReceived(
        EventKey("email", account, event),
        ConversationKey("email", account, reply_thread(_CASE)),
        Identity("email", account, "grace@example.com"),
        text,
        SENT_AT,
        action=None if caution else StaffAction.REPLY,
        audience=Audience.STAFF,
        caution=caution,
    )


async def test_what_is_doubted_is_told_and_what_is_certain_is_passed_on_in_order(store: SqlStore) -> None:
    inner = NotedDesk()
    desk = MailDesk(inner, "mail", "en")
    await store.release([(await claim_one(store)).claim])
    await accept(store, _reply("r1", "One."), _reply("r2", caution=NOTHING_NEW), _reply("r3", "Three."))
    for relayed in (["staff: One."], ["staff: One."], ["staff: One.", "staff: Three."]):
        state = await _staff_turn(store)
        outcome = await desk.staff(state)
        assert inner.relayed == relayed
        (finished,) = await store.finish([outcome])
        assert finished.held
    told = [one.text for one in await store.messages(_FEED.conversation_id)]
    assert told[-1] == "The reply of grace@example.com was not passed on: it holds nothing above the quotation."


async def test_what_somebody_did_is_not_told_to_them_again(store: SqlStore) -> None:
    class Claiming(NotedDesk):
        async def staff(self, turn: TurnState) -> TurnOutcome:
            now = posts.card_now(_FACTS, OwnershipState.STAFF, "Grace")
            told = (now, posts.remark("Grace has taken it."), posts.remark("A file is missing."))
            return TurnOutcome(turn.claim, turn.conversation.last_seq, asides=(Aside(_FEED, told),))

    await store.release([(await claim_one(store)).claim])
    await accept(store, _reply("r1", "One."))
    outcome = await MailDesk(Claiming(), "mail", "en").staff(await _staff_turn(store))
    assert [one.text for one in outcome.asides[0].messages] == ["Ada: staff", "A file is missing."]


async def _staff_turn(store: SqlStore) -> TurnState:
    states = await store.claim(10, 5.0, history=20)
    (found,) = [one for one in states if one.conversation.audience is Audience.STAFF]
    await store.release([one.claim for one in states if one is not found])
    return found
