"""Answers go to everybody whom they name, once, and to nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage

import pytest

from core.domain.errors import Rejected, Unreachable
from core.domain.messages import ANSWERS_TO, Author
from core.domain.readers import READERS, RECIPIENTS, recipients_of
from tests.integration.email_channel.rig import ANN, Rig

BOB, CAROL = "bob@customer.example", "carol@other.example"
_PROOF = {"Authentication_Results": "mx.example.com; dmarc=pass header.from=customer.example"}


def _to(*people: str) -> dict[str, object]:
    return {ANSWERS_TO: people[0], RECIPIENTS: [{"address": one, "name": None} for one in people]}


def _taken(rig: Rig) -> list[str]:
    return [to for to, _ in rig.office.postman.taken]


def _headers(mail: EmailMessage) -> tuple[Sequence[str], Sequence[str]]:
    return [one.addr_spec for one in mail["To"].addresses], [
        one.addr_spec for one in (mail["Cc"].addresses if mail["Cc"] else ())
    ]


async def _thread(rig: Rig, count: int = 1) -> str:
    return (await rig.sink.messages(count))[-1].conversation.thread


async def test_an_answer_goes_to_the_writer_with_copies_and_quotes_what_all_got(rig: Rig) -> None:
    await rig.write("My printer burns", Cc=f"{BOB}, Carol <{CAROL}>", **_PROOF)
    await rig.answer(await _thread(rig), author=Author.STAFF, meta=_to(ANN, BOB, CAROL))
    assert _taken(rig) == [ANN, BOB, CAROL]
    mail = rig.office.postman.letters[0]
    assert _headers(mail) == ([ANN], [BOB, CAROL])
    assert "My printer burns" in rig.office.postman.taken[0][1].decode()


async def test_a_mail_to_us_alone_is_quoted_to_nobody_else(rig: Rig) -> None:
    first = await rig.write("First", Cc=BOB, **_PROOF)
    await rig.write("Bob must not know", Subject="My secret", In_Reply_To=first["Message-ID"], **_PROOF)
    thread = await _thread(rig, 2)
    await rig.answer(thread, author=Author.STAFF, meta=_to(ANN, BOB))
    await rig.answer(thread, key="d2", author=Author.STAFF, meta=_to(ANN))
    both, alone = (data.decode() for data in (rig.office.postman.taken[0][1], rig.office.postman.taken[2][1]))
    assert "must not know" not in both
    assert "secret" not in both
    assert "must not know" in alone


async def test_a_newcomer_reads_no_quotation_of_what_they_did_not_get(rig: Rig) -> None:
    await rig.write("Carol did not get this", Cc=BOB, **_PROOF)
    await rig.answer(await _thread(rig), author=Author.STAFF, meta=_to(ANN, CAROL))
    assert "did not get" not in rig.office.postman.taken[0][1].decode()


async def test_who_was_taken_gets_it_once_and_who_was_refused_is_named(rig: Rig) -> None:
    await rig.write("First", Cc=f"{BOB}, {CAROL}", **_PROOF)
    rig.office.postman.refusals.rcpt = ["250 OK", "550 5.1.1 no such user"]
    thread = await _thread(rig)
    (receipt,) = await rig.answer(thread, author=Author.STAFF, meta=_to(ANN, BOB, CAROL))
    assert receipt.refused is not None
    assert receipt.refused.startswith(f"{BOB}: ")
    assert "no such user" in receipt.refused
    (again,) = await rig.answer(thread, author=Author.STAFF, meta=_to(ANN, BOB, CAROL))
    assert again.refused == receipt.refused
    assert len(rig.office.postman.taken) == 1, "the same payload again sends nothing"


async def test_a_refused_writer_does_not_keep_it_from_the_others(rig: Rig) -> None:
    await rig.write("First", Cc=BOB, **_PROOF)
    rig.office.postman.refusals.rcpt = ["550 5.1.1 no such user"]
    (receipt,) = await rig.answer(await _thread(rig), author=Author.STAFF, meta=_to(ANN, BOB))
    assert _taken(rig) == [BOB]
    assert (receipt.refused or "").startswith(f"{ANN}: ")


async def test_where_nobody_is_taken_nothing_is_sent(rig: Rig) -> None:
    await rig.write("First", Cc=BOB, **_PROOF)
    thread = await _thread(rig)
    rig.office.postman.refusals.rcpt = ["550 5.1.1 no such user"] * 2
    with pytest.raises(Rejected):
        await rig.answer(thread, author=Author.STAFF, meta=_to(ANN, BOB))
    rig.office.postman.refusals.rcpt = ["450 4.2.1 try later"]
    with pytest.raises(Unreachable):
        await rig.answer(thread, key="d2", author=Author.STAFF, meta=_to(ANN, BOB))
    assert rig.office.postman.taken == []
    await rig.answer(thread, key="d2", author=Author.STAFF, meta=_to(ANN, BOB))
    assert _taken(rig) == [ANN, BOB]


async def test_a_copy_that_is_over_its_budget_is_left_out(rig: Rig) -> None:
    await rig.stop()
    await rig.start(sender_budget=1)
    await rig.write("First", Cc=BOB, **_PROOF)
    await rig.write("Second", From="dora@customer.example", Cc=BOB, **_PROOF)
    first, second = [one.conversation.thread for one in await rig.sink.messages(2)]
    await rig.answer(first, meta=_to(ANN, BOB))
    await rig.answer(second, key="d2", meta=_to("dora@customer.example", BOB))
    assert _taken(rig) == [ANN, BOB, "dora@customer.example"]


async def test_an_unproven_mail_brings_nobody_into_a_thread(rig: Rig) -> None:
    first = await rig.write("First", Cc=BOB)
    await rig.write("Second", Cc=f"{BOB}, {CAROL}", In_Reply_To=first["Message-ID"])
    events = await rig.sink.messages(2)
    assert [[one.address for one in event.readers if one.answered] for event in events] == [[ANN, BOB], [ANN, BOB]]
    assert [one.address for one in events[1].readers] == [ANN, BOB, CAROL]


async def test_the_readers_are_stored_with_the_message(rig: Rig) -> None:
    await rig.write("First", Cc=f"Bob <{BOB}>", **_PROOF)
    await _thread(rig)
    (stored,) = await rig.store.messages(rig.sink.received[0].conversation.conversation_id)
    assert [one["named_in"] for one in stored.meta[READERS]] == ["from", "cc"]
    assert recipients_of(stored.meta) == [{"address": ANN, "name": "Ann Miller"}, {"address": BOB, "name": "Bob"}]
