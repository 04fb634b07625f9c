"""Mail to somebody who never wrote to us: a thread that we begin, and who may answer in it."""

from __future__ import annotations

from typing import Any

from core.domain.contact_route import ContactRoute
from core.domain.customer import ContactDetails
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind
from tests.integration.email_channel.rig import ANN, Rig

HOME = ConversationKey("web", "default", "s_1")


def _route(rig: Rig, address: str = ANN) -> ContactRoute:
    found = rig.channel.route_to(ContactDetails(email=address), HOME)
    assert found is not None
    return found


async def _follow_up(rig: Rig, text: str = "Your parcel is in Berlin.", key: str = "d1", **more: Any) -> ContactRoute:
    route = _route(rig)
    given = {"author": Author.STAFF, "kind": MessageKind.FOLLOW_UP, "author_name": "Grace", **more}
    meta = {"subject": "Your conversation with Acme"}
    await rig.answer(route.key.thread, text, key, address=route.address, meta=meta, **given)
    return route


async def test_the_first_mail_begins_a_thread_of_its_own(rig: Rig) -> None:
    await _follow_up(rig)
    (mail,) = rig.office.postman.letters
    assert mail["To"] == ANN
    assert mail["Subject"] == "Your conversation with Acme", "it answers nothing"
    assert mail["In-Reply-To"] is None
    assert mail["Auto-Submitted"] is None, "a person wrote it"
    assert "Grace" in mail["From"]


async def test_an_answer_is_found_and_answered_in_its_thread(rig: Rig) -> None:
    route = await _follow_up(rig)
    (ours,) = rig.office.postman.letters
    theirs = await rig.write("Thanks", Subject=f"Re: {ours['Subject']}", In_Reply_To=ours["Message-ID"])
    (event,) = await rig.sink.messages(1)
    assert event.conversation == route.key
    assert event.sender.external_id == route.address
    assert event.text == "Thanks", "the subject is ours"
    await _follow_up(rig, "You are welcome.", "d2")
    reply = rig.office.postman.letters[1]
    assert reply["In-Reply-To"] == theirs["Message-ID"]
    assert reply["Subject"] == "Re: Your conversation with Acme"


async def test_a_stranger_with_the_id_does_not_join(rig: Rig) -> None:
    route = await _follow_up(rig)
    (ours,) = rig.office.postman.letters
    await rig.write("Me too", From="mallory@evil.example", In_Reply_To=ours["Message-ID"])
    (event,) = await rig.sink.messages(1)
    assert event.conversation != route.key


async def test_by_a_road_mail_goes_to_the_address_that_was_left_alone(rig: Rig) -> None:
    """Also where somebody who was copied in has written last, or the answer names another address for answers."""
    await _follow_up(rig)
    (ours,) = rig.office.postman.letters
    proof = "mx.example.com; dmarc=pass header.from=customer.example"
    await rig.write(
        "I copy Bob in",
        In_Reply_To=ours["Message-ID"],
        Cc="bob@customer.example",
        Reply_To="bob@customer.example",
        Authentication_Results=proof,
    )
    await rig.write("It is me, Bob", From="bob@customer.example", In_Reply_To=ours["Message-ID"])
    await rig.sink.messages(2)
    await _follow_up(rig, "Only for Ann.", "d2")
    assert [to for to, _ in rig.office.postman.taken] == [ANN, ANN]


async def test_whoever_is_copied_in_has_a_thread_of_their_own_and_no_words_cross(rig: Rig) -> None:
    route = await _follow_up(rig)
    (ours,) = rig.office.postman.letters
    proof = "mx.example.com; dmarc=pass header.from=customer.example"
    given = {"In_Reply_To": ours["Message-ID"], "Authentication_Results": proof}
    await rig.write("I copy Bob in", Cc="bob@customer.example", **given)
    await rig.write("Between us: my code is 1234", From="bob@customer.example", **given)
    await rig.write("Any news?", **given)
    places = [event.conversation for event in await rig.sink.messages(3)]
    assert (places[0], places[2]) == (route.key, route.key)
    assert places[1] != route.key
    await rig.answer(places[1].thread, "To Bob.", "d2")
    await _follow_up(rig, "To Ann.", "d3")
    (_, to_bob, to_ann) = rig.office.postman.letters
    assert [to for to, _ in rig.office.postman.taken] == [ANN, "bob@customer.example", ANN]
    assert "1234" not in to_ann.as_string()
    assert "Any news?" not in to_bob.as_string()


async def test_the_same_key_is_one_mail(rig: Rig) -> None:
    await _follow_up(rig)
    await _follow_up(rig)
    assert len(rig.office.postman.taken) == 1


async def test_a_road_is_of_its_conversation_and_address_and_never_leads_to_ourselves(rig: Rig) -> None:
    other = rig.channel.route_to(ContactDetails(email=ANN), ConversationKey("web", "default", "s_2"))
    assert other is not None
    assert len({_route(rig).key, other.key, _route(rig, "bob@customer.example").key}) == 3
    assert _route(rig, ANN.upper()).key == _route(rig).key
    assert _route(rig, ANN.upper()).contact == ANN.upper()
    assert rig.channel.route_to(ContactDetails(email=rig.address), HOME) is None
    assert rig.channel.route_to(ContactDetails(phone="+1 202-555-0143"), HOME) is None
