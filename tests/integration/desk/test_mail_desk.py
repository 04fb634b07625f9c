"""The desk by mail over a real store: one mail opens a case and is told once, and staff hear of refused replies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from core.domain.case import Case, feed
from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.errors import BadSignature, Unsupported
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import (
    Audience,
    Author,
    Message,
    MessageKind,
    MessageReceived,
    OutboundMessage,
    RawEvent,
    Receipt,
    StaffAction,
)
from core.ports.channel import WebhookRequest
from core.ports.outcomes import CrossConversationWrite, NewMessage, OpenCase
from core.ports.staff_mail import NOT_STAFF, NOTHING_NEW, StaffMail, reply_thread
from core.ports.store import TurnOutcome, TurnState
from core.storage.store import SqlStore
from handoff import posts
from handoff.mail.channel import MailDeskChannel
from handoff.mail_desk import DeskWithoutMail, MailDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import SENT_AT, accept, claim_one, said, thread
from tests.unit.core.responders import NotedDesk

_CASE = Case.named(thread().conversation_id, 1)
_FEED = feed("mail", _CASE)
_FACTS = {"case": _CASE, "customer": "Ada", "channel": "web", "reason": "Asked.", "state": "queued"}


class Mailer:
    """Keeps what is written. ``known``: keys of mails that the server has."""

    name = "email"
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
    told = (card, _said("Where is it?"), posts.card_now(_FACTS, OwnershipState.QUEUED, None))
    first = CrossConversationWrite(_FEED, posts.first_of_case(told))
    case = Case(_CASE, thread().conversation_id, 1, "Asked.", "customer", "normal", clock.now())
    await store.decide([first], (OpenCase(case),))
    clock.move(1)
    await store.decide([CrossConversationWrite(_FEED, (_said("And now?"), posts.mark("x", "note")))], ())
    yield store
    await store.close()


def _said(text: str) -> NewMessage:
    return NewMessage(Author.CUSTOMER, text, MessageKind.NOTICE, meta={"post": "said"})


async def _feed_messages(store: SqlStore) -> list[OutboundMessage]:
    return [
        OutboundMessage(one.id, _FEED, one.author, one.text, MessageKind.NOTICE, one.author_name, meta=one.meta)
        for one in await store.messages(_FEED.conversation_id)
    ]


class CountedRecords:
    """The store's messages, with how often they were read."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.reads = 0

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]:
        """Counted."""
        self.reads += 1
        return await self._store.messages(conversation_id, after=after, limit=limit)


async def test_a_case_is_one_mail_and_one_for_each_later_message(store: SqlStore) -> None:
    mailer, records = Mailer(), CountedRecords(store)
    channel = MailDeskChannel("mail", mailer, records, "en", "//")
    reads: list[int] = []
    for number, message in enumerate(await _feed_messages(store)):
        for payload in channel.render(message):
            assert (await channel.pace_of(payload))[0] == "mail"
            receipt = await channel.send(payload, idempotency_key=f"d{number}")
            assert receipt.reported_to == ("email", Mailer.account)
            reads.append(records.reads)
            assert await channel.outcome(payload, idempotency_key=f"d{number}") == receipt
            records.reads = 0
    first, second = mailer.mails
    assert "Where is it?" in first.text
    assert "Where is it?" not in second.text
    assert "And now?" in second.text
    assert "And now?" not in first.text
    assert {mail.case_id for mail in mailer.mails} == {_CASE}
    assert reads == [1, 0], "only the first mail of a case reads what it tells"


async def test_an_unknown_outcome_is_asked_of_the_mail_server(store: SqlStore) -> None:
    channel = MailDeskChannel("mail", Mailer(), store, "en", "//")
    (payload,) = channel.render((await _feed_messages(store))[0])
    assert await channel.outcome(payload, idempotency_key="never") is None


async def test_nothing_comes_in_by_the_channel(store: SqlStore) -> None:
    channel = MailDeskChannel("mail", Mailer(), store, "en", "//")
    with pytest.raises(BadSignature):
        channel.authenticate(WebhookRequest("POST", "/", {}, b""))
    assert channel.parse(RawEvent("desk", "mail", b"")) == []
    with pytest.raises(Unsupported):
        await channel.fetch(None)  # type: ignore[arg-type]
    assert await channel.case_of(ConversationKey("email", "support@example.com", reply_thread(_CASE))) == _CASE
    assert await channel.case_of(ConversationKey("email", "support@example.com", "abcdefgh")) is None


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
            return TurnOutcome(
                turn.claim, turn.conversation.last_seq, cross_writes=(CrossConversationWrite(_FEED, told),)
            )

    await store.release([(await claim_one(store)).claim])
    await accept(store, _reply("r1", "One."))
    outcome = await MailDesk(Claiming(), "mail", "en").staff(await _staff_turn(store))
    assert [one.text for one in outcome.cross_writes[0].messages] == ["Ada: staff", "A file is missing."]


async def test_staff_read_what_somebody_else_answered_to_their_mail(store: SqlStore) -> None:
    inner = NotedDesk()
    await store.release([(await claim_one(store)).claim])
    await accept(store, _reply("r1", "I am on the train.", NOT_STAFF))
    await store.finish([await MailDesk(inner, "mail", "en").staff(await _staff_turn(store))])
    assert not inner.relayed
    told = (await store.messages(_FEED.conversation_id))[-1].text
    assert told.startswith("grace@example.com answered a mail of this case.")
    assert told.endswith("I am on the train.")


@pytest.mark.parametrize("account", ["default", None])
async def test_a_reply_to_a_desk_that_is_gone_is_kept_and_reaches_no_customer(
    store: SqlStore, account: str | None
) -> None:
    inner = NotedDesk()
    await store.release([(await claim_one(store)).claim])
    await accept(store, _reply("r1", "It is on its way."))
    (finished,) = await store.finish([await DeskWithoutMail(inner, account, "en").staff(await _staff_turn(store))])
    assert finished.held
    assert not inner.relayed
    log = await store.case_log(_CASE)
    assert [(one.actor, one.text) for one in log if one.what == "note"] == [("grace@example.com", "It is on its way.")]
    if account is not None:
        (told,) = await store.messages(feed(account, _CASE).conversation_id)
        assert told.text.startswith("grace@example.com answered by mail. It was not passed on")


async def _staff_turn(store: SqlStore) -> TurnState:
    states = await store.claim(10, 5.0, history=20)
    (found,) = [one for one in states if one.conversation.audience is Audience.STAFF]
    await store.release([one.claim for one in states if one is not found])
    return found
