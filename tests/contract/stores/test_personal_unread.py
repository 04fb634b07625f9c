"""Of events that could not be read, those go that the erased person sent; what only names them is left to the operator."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from core.domain.customer import Identity
from core.domain.messages import RawEvent
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import accept
from tests.contract.stores.test_personal import erase, everything, wrote

ANN = Identity("email", "help@example.com", "ann@shop.de", verified=True)
SLACK = Identity("slack", "W1", "U0ANN", verified=True)
TELEGRAM = Identity("telegram", "7", "12345", verified=True)
HIDDEN = Identity("telegram", "7", "chat/-10012345")
SMS = Identity("sms", "AC1", "+4930123456")
WHATSAPP = Identity("sms", "AC1", "whatsapp:+4930123456", verified=True)


def telegram(**event: object) -> bytes:
    return json.dumps({"update_id": 1, "message": {"message_id": 2, **event}}).encode()


def slack(**event: object) -> bytes:
    return json.dumps({"type": "event_callback", "team_id": "T1", "event": event}).encode()


def pressed(user: str) -> bytes:
    return urlencode({"payload": json.dumps({"type": "block_actions", "user": {"id": user}})}).encode()


def mail(author: str, text: str = "Hello") -> bytes:
    return f"Received: by mx\r\nFrom: {author}\r\nSubject: Hm\r\n\r\n{text}\r\n".encode()


SENT = [
    (ANN, mail("ann@shop.de")),
    (ANN, mail('"Doe, Ann" <Ann@Shop.de>')),
    (ANN, mail("Ann\r\n <ann@shop.de>")),
    (SLACK, slack(type="message", user="U0ANN", text="hi")),
    (SLACK, slack(type="message", subtype="message_changed", message={"user": "U0ANN", "text": "hi"})),
    (SLACK, pressed("U0ANN")),
    (SLACK, urlencode({"command": "/help", "user_id": "U0ANN"}).encode()),
    (TELEGRAM, telegram(**{"from": {"id": 12345}, "text": "hi"})),
    (TELEGRAM, json.dumps({"update_id": 1, "message_reaction": {"user": {"id": 12345}}}).encode()),
    (HIDDEN, telegram(**{"from": {"id": 1087968824}, "sender_chat": {"id": -10012345}})),
    (SMS, urlencode({"From": "+4930123456", "To": "+49301", "Body": "hi"}).encode()),
    (WHATSAPP, urlencode({"From": "whatsapp:+4930123456", "Body": "hi"}).encode()),
]
NAMED = [
    (ANN, mail("bob@shop.de", "Ask ann@shop.de.")),
    (ANN, mail('"ann@shop.de" <eve@example.com>')),
    (ANN, mail("<bob@shop.de>, <ann@shop.de>")),
    (ANN, mail("bob@shop.de\r\nFrom: ann@shop.de")),
    (ANN, mail("bob@shop.de", "\r\nFrom: ann@shop.de\r\n")),
    (SLACK, slack(type="message", user="U0BOB", text="Ask <@U0ANN>")),
    (TELEGRAM, telegram(**{"from": {"id": 999}, "reply_to_message": {"from": {"id": 12345}}})),
    (TELEGRAM, b'{"from": {"id": 12345}, oops'),
    (TELEGRAM, b"[" * 100_000 + b"12345"),
    (SMS, urlencode({"From": "+4930999999", "Body": "Call 4930123456"}).encode()),
    (SMS, urlencode([("From", "+4930123456"), ("From", "+4930999999")]).encode()),
]
OF_OTHERS = [
    (ANN, mail("joann@shop.de")),
    (ANN, mail("mary-ann@shop.de")),
    (ANN, mail("x+ann@shop.de")),
    (ANN, mail("ann@shop.de.example.com")),
    (SLACK, slack(type="message", user="U0ANNA", text="hi")),
    (TELEGRAM, telegram(**{"from": {"id": 1234567}, "date": 99912345})),
    (SMS, urlencode({"From": "+49301234567", "Body": "hi"}).encode()),
]


def named(value: Identity | bytes) -> str:
    return value.channel if isinstance(value, Identity) else "event"


async def erased(store: SqlStore, who: Identity, body: bytes) -> tuple[bool, bool]:
    """Whether the event is still there, and whether the operator is told of it."""
    await accept(store, wrote(who, "e1", "Hello"))
    await store.quarantine(RawEvent(who.channel, who.account, body, {}), "unreadable")
    done = await erase(store, who.external_id)
    ids = [row["id"] for row in (await everything(store))["quarantine"]]
    assert set(done.unread) <= set(ids)
    return bool(ids), bool(done.unread)


@pytest.mark.parametrize(("who", "body"), SENT, ids=named)
async def test_what_they_sent_goes(store: SqlStore, who: Identity, body: bytes) -> None:
    assert await erased(store, who, body) == (False, False)


@pytest.mark.parametrize(("who", "body"), NAMED, ids=named)
async def test_what_only_names_them_stays_and_is_reported(store: SqlStore, who: Identity, body: bytes) -> None:
    assert await erased(store, who, body) == (True, True)


@pytest.mark.parametrize(("who", "body"), OF_OTHERS, ids=named)
async def test_a_longer_address_is_somebody_elses(store: SqlStore, who: Identity, body: bytes) -> None:
    assert await erased(store, who, body) == (True, False)


@BOTH_DATABASES
async def test_what_the_other_customer_of_the_address_may_have_sent_stays(store: SqlStore) -> None:
    await accept(store, wrote(ANN, "e1"), wrote(replace(ANN, verified=False), "e2", where="elsewhere"))
    await store.quarantine(RawEvent("email", ANN.account, mail("ann@shop.de"), {}), "unreadable")
    first = await erase(store, f"email:{ANN.account}:{ANN.external_id}:unverified")
    assert len(first.unread) == len((await everything(store))["quarantine"]) == 1
    last = await erase(store, ANN.external_id)
    assert (last.unread, (await everything(store))["quarantine"]) == ((), [])
