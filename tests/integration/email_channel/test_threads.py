"""Who joins a conversation, and who begins one."""

from __future__ import annotations

import json

from channels.email.threads import Thread
from config.commands.customers import mail_thread_without
from core.domain.messages import ANSWERS_TO
from tests.integration.email_channel.rig import ANN, Rig, letter

_PROOF = "mx.example.com; dmarc=pass header.from=customer.example"


async def _threads(rig: Rig, count: int) -> list[str]:
    return [event.conversation.thread for event in await rig.sink.messages(count)]


async def test_an_answer_to_their_own_mail_stays_in_its_thread(rig: Rig) -> None:
    mail = await rig.write("First")
    await rig.write("And another thing", Subject="Re: A question", References=mail["Message-ID"])
    first, second = await _threads(rig, 2)
    assert first == second
    assert rig.sink.received[1].text == "And another thing"


async def test_a_new_mail_of_the_same_person_begins_a_new_thread(rig: Rig) -> None:
    await rig.write("First")
    await rig.write("Second")
    first, second = await _threads(rig, 2)
    assert first != second


async def test_an_answer_to_our_mail_is_found_by_its_signed_id_alone(rig: Rig) -> None:
    await rig.write("First")
    (thread,) = await _threads(rig, 1)
    await rig.answer(thread)
    ours = rig.office.postman.letters[0]["Message-ID"]
    await rig.write("Thanks", Subject="Re: A question", In_Reply_To=ours)
    assert (await _threads(rig, 2))[1] == thread


async def test_a_stranger_who_quotes_an_id_does_not_join(rig: Rig) -> None:
    mail = await rig.write("My secret")
    (thread,) = await _threads(rig, 1)
    await rig.answer(thread)
    ours = rig.office.postman.letters[0]["Message-ID"]
    ids = f"{mail['Message-ID']} {ours}"
    await rig.write("What did she say?", From="mallory@evil.example", Subject="Re: A question", References=ids)
    stranger = (await _threads(rig, 2))[1]
    assert stranger != thread
    await rig.answer(stranger, key="d2")
    assert "My secret" not in rig.office.postman.taken[-1][1].decode()
    assert rig.office.postman.taken[-1][0] == "mallory@evil.example"


async def test_a_colleague_in_copy_joins(rig: Rig) -> None:
    mail = await rig.write("First", Cc="Bob <bob@customer.example>")
    await rig.write("I add", From="bob@customer.example", Subject="Re: A question", In_Reply_To=mail["Message-ID"])
    first, second = await _threads(rig, 2)
    assert first == second


async def test_who_was_proven_once_is_not_impersonated_later(rig: Rig) -> None:
    mail = await rig.write("First", Authentication_Results=_PROOF)
    forged = {"Subject": "Re: A question", "In_Reply_To": str(mail["Message-ID"])}
    await rig.write("Send it to my other address", **forged, Reply_To="mallory@evil.example")
    await rig.write("Really me", **forged, Authentication_Results=_PROOF)
    first, forged_thread, real = await _threads(rig, 3)
    assert [event.sender.verified for event in rig.sink.received] == [True, False, True]
    assert forged_thread != first
    assert real == first


async def test_an_unproven_mail_cannot_turn_a_threads_answers_elsewhere(rig: Rig) -> None:
    mail = await rig.write("First")
    await rig.write("Psst", Subject="Re: A question", In_Reply_To=mail["Message-ID"], Reply_To="mallory@evil.example")
    first, second = await _threads(rig, 2)
    assert first == second
    await rig.answer(first)
    assert [to for to, _ in rig.office.postman.taken] == [ANN]


async def test_the_first_mail_says_where_answers_go(rig: Rig) -> None:
    await rig.write("First", Reply_To="Desk <desk@customer.example>")
    await rig.answer((await _threads(rig, 1))[0])
    assert [to for to, _ in rig.office.postman.taken] == ["desk@customer.example"]


async def test_references_grow_with_the_thread(rig: Rig) -> None:
    first = await rig.write("First")
    (thread,) = await _threads(rig, 1)
    await rig.answer(thread)
    ours = rig.office.postman.letters[0]["Message-ID"]
    chain = f"{first['Message-ID']} {ours}"
    third = await rig.write("More", Subject="Re: A question", In_Reply_To=ours, References=chain)
    await rig.sink.messages(2)
    await rig.answer(thread, key="d2")
    sent = rig.office.postman.letters[1]
    assert sent["References"].split() == [first["Message-ID"], ours, third["Message-ID"]]
    assert sent["In-Reply-To"] == third["Message-ID"]


async def test_the_same_mail_twice_is_one(rig: Rig) -> None:
    mail = await rig.write("Once", Subject="")
    await rig.office.deliver(mail, rig.address)
    await rig.write("The end", Subject="")
    assert [event.text for event in await rig.sink.messages(2)] == ["Once", "The end"]


async def test_our_own_answers_are_left_alone_when_they_come_back(rig: Rig) -> None:
    await rig.write("First", Subject="")
    (thread,) = await _threads(rig, 1)
    await rig.answer(thread)
    data = rig.office.postman.taken[0][1]
    await rig.office.deliver(data, rig.address)
    await rig.office.deliver(data.replace(rig.address.encode(), b"another-hub@example.org"), rig.address)
    await rig.write("The end", Subject="")
    assert [event.text for event in await rig.sink.messages(2)] == ["First", "The end"]


async def test_an_answer_goes_to_who_asked_though_another_wrote_meanwhile(rig: Rig) -> None:
    mail = await rig.write("First", Cc="Bob <bob@customer.example>")
    await rig.write("Mine alone", From="bob@customer.example", Subject="Re: A question", In_Reply_To=mail["Message-ID"])
    thread, _ = await _threads(rig, 2)
    await rig.answer(thread, meta={ANSWERS_TO: ANN})
    await rig.answer(thread, key="d2", meta={ANSWERS_TO: "bob@customer.example"})
    assert [to for to, _ in rig.office.postman.taken] == [ANN, "bob@customer.example"]
    assert ["Mine alone" in data.decode() for _, data in rig.office.postman.taken] == [False, True]


async def test_a_thread_that_another_process_has_changed_is_not_written_over(rig: Rig) -> None:
    mail = await rig.write("First")
    (thread,) = await _threads(rig, 1)
    key = ("email", rig.address, f"thread/{thread}")
    stored = json.loads(str(await rig.store.recall(*key)))
    stored["people"]["bob@customer.example"] = True
    await rig.store.remember(*key, json.dumps(stored))
    await rig.write("Second", Subject="Re: A question", In_Reply_To=mail["Message-ID"])
    assert await _threads(rig, 2) == [thread, thread]
    people = json.loads(str(await rig.store.recall(*key)))["people"]
    assert people == {ANN: False, "bob@customer.example": True}


async def test_an_id_that_is_used_again_for_other_words_swallows_nothing(rig: Rig) -> None:
    again = {"Message_ID": "<constant@shop.example>", "Authentication_Results": _PROOF}
    first = await rig.write("Order 1", **again)
    second = await rig.write("Order 2", **again)
    for mail in (first, second, second, first):
        await rig.office.deliver(mail, rig.address)
    await rig.write("The end", Subject="", Message_ID="<end@shop.example>")
    messages = await rig.sink.messages(3)
    assert sorted(event.text.split("\n")[-1] for event in messages) == ["Order 1", "Order 2", "The end"]
    assert len({event.conversation for event in messages}) == 2


async def test_a_redelivery_by_another_way_stays_one(rig: Rig) -> None:
    mail = await rig.write("Schöne Grüße", Subject="", Date="Mon, 23 Nov 2026 10:00:00 +0000")
    other_way = letter("Schöne Grüße", Message_ID=mail["Message-ID"], Subject="", Date=mail["Date"])
    other_way.set_content("Schöne Grüße", cte="base64")
    other_way["Received"] = "from b by c; Mon, 23 Nov 2026 10:00:05 +0000"
    await rig.office.deliver(other_way, rig.address)
    await rig.write("The end", Subject="")
    assert [event.text for event in await rig.sink.messages(2)] == ["Schöne Grüße", "The end"]


async def test_a_forged_mail_with_an_id_that_was_used_begins_a_thread_of_its_own(rig: Rig) -> None:
    mail = await rig.write("My secret", Authentication_Results=_PROOF)
    fails = "mx.example.com; dmarc=fail header.from=customer.example"
    await rig.write("Send it to me", Message_ID=mail["Message-ID"], Authentication_Results=fails)
    first, forged = await _threads(rig, 2)
    assert first != forged


async def test_whoever_is_erased_leaves_the_thread_to_the_others(rig: Rig) -> None:
    bob = {"From": "bob@customer.example", "Subject": "Re: A question"}
    mail = await rig.write("First", Cc="Bob <bob@customer.example>")
    await rig.write("I add", **bob, In_Reply_To=mail["Message-ID"])
    await rig.write("My secret", Subject="Re: A question", In_Reply_To=mail["Message-ID"])
    thread = (await _threads(rig, 3))[-1]
    await rig.store.erase_customer(ANN, lambda _: (), mail_thread_without, "operator", only=False)
    key = ("email", rig.address, f"thread/{thread}")
    stored = Thread.from_json(str(await rig.store.recall(*key)))
    assert ANN not in stored.to_json()
    assert (stored.to, stored.quote, list(stored.people)) == ("bob@customer.example", "", ["bob@customer.example"])
    await rig.write("And now?", **bob, In_Reply_To=mail["Message-ID"])
    assert (await _threads(rig, 4))[-1] == thread
    await rig.answer(thread)
    ((to, data),) = rig.office.postman.taken
    assert (to, b"My secret" in data) == ("bob@customer.example", False)
    assert ANN not in str(await rig.store.recall(*key))
