"""Somebody of the company writes into a customer's mail thread: a colleague, where our mail server confirms them."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from channels.staff_rule import StaffRule
from core.domain.messages import SHARED, Author
from tests.integration.email_channel.rig import ANN, Rig

GRACE, BOB = "Grace <grace@acme.example>", "bob@customer.example"
PROOF = "mx.example.com; dmarc=pass header.from=acme.example"
RULE = StaffRule(frozenset({"acme.example"}), {"tester@acme.example": False})


@pytest.fixture
async def staffed(rig: Rig) -> Rig:
    """The hub knows the company's domain."""
    await rig.stop()
    await rig.start(staff_rule=RULE)
    return rig


async def begun(rig: Rig, copies: str = GRACE) -> tuple[EmailMessage, str]:
    mail = await rig.write("It is broken", Cc=copies)
    (event,) = await rig.sink.messages(1)
    return mail, event.conversation.conversation_id


async def reply(rig: Rig, to: EmailMessage, text: str, **headers: str) -> None:
    plain = {"From": GRACE, "Subject": "Re: A question", "In_Reply_To": str(to["Message-ID"])}
    await rig.write(text, **{**plain, "Authentication_Results": PROOF, **headers})


async def test_a_proven_colleague_is_no_customer_and_answers_still_go_to_the_customer(staffed: Rig) -> None:
    mail, conversation = await begun(staffed)
    await reply(staffed, mail, "Which browser is it?", Cc=ANN)
    event = (await staffed.sink.messages(2))[1]
    assert event.by_staff
    stored = await staffed.store.messages(conversation)
    assert [(one.author, SHARED in one.meta) for one in stored] == [(Author.CUSTOMER, True), (Author.STAFF, True)]
    await staffed.answer(event.conversation.thread)
    ((to, answer),) = staffed.office.postman.taken
    assert to == ANN
    assert "Which browser" not in answer.decode()
    assert str(mail["Message-ID"]) in answer.decode()


async def test_what_a_colleague_writes_to_the_company_alone_reaches_no_customer(staffed: Rig) -> None:
    mail, conversation = await begun(staffed)
    await reply(staffed, mail, "She never pays")
    event = (await staffed.sink.messages(2))[1]
    assert (event.by_staff, event.shared) == (True, False)
    await staffed.answer(event.conversation.thread)
    assert "never pays" not in staffed.office.postman.taken[-1][1].decode()
    assert (await staffed.store.messages(conversation))[1].author is Author.STAFF


async def test_one_of_several_customers_who_has_not_got_it_is_enough(staffed: Rig) -> None:
    mail = await staffed.write("It is broken", Cc=f"{GRACE}, {BOB}")
    await reply(staffed, mail, "Ask Bob's boss", Cc=ANN)
    await reply(staffed, mail, "We mend it", Cc=f"{ANN}, {BOB}")
    found = await staffed.sink.messages(3)
    assert [(one.by_staff, one.shared) for one in found[1:]] == [(True, False), (True, True)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authentication_Results": ""},
        {"From": "tester@acme.example"},
    ],
    ids=["not proven", "set to be a customer"],
)
async def test_everybody_else_in_copy_is_a_customer(staffed: Rig, headers: dict[str, str]) -> None:
    mail, conversation = await begun(staffed, f"{GRACE}, tester@acme.example")
    await reply(staffed, mail, "Same for me", **headers)
    assert not (await staffed.sink.messages(2))[1].by_staff
    assert (await staffed.store.messages(conversation))[1].author is Author.CUSTOMER


async def test_a_colleague_who_began_a_thread_is_its_customer(staffed: Rig) -> None:
    mail = await staffed.write("My screen is dark", From=GRACE, Authentication_Results=PROOF)
    await reply(staffed, mail, "Still dark")
    assert [one.by_staff for one in await staffed.sink.messages(2)] == [False, False]
