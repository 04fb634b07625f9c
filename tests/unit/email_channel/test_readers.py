"""Who got a mail, and whom an answer to it goes to."""

from __future__ import annotations

import pytest

from channels.email import letter
from channels.email.parse import readers
from core.domain.messages import MessageReceived
from core.domain.readers import MessageReader, NamedIn
from tests.unit.email_channel.fixture import SETTINGS, events, mail, received, with_settings

_ANN, _BOB, _CAROL = "ann@customer.example", "bob@customer.example", "carol@other.example"
_PROVEN = "mx.example.com; dmarc=pass header.from=customer.example"
_FAILS = "mx.example.com; dmarc=fail header.from=customer.example"


def _answered(body: bytes, known: list[str] | None = None) -> list[str]:
    found = readers(letter.read(body, SETTINGS), known)
    return [one.address for one in found if one.answered]


def test_a_mail_keeps_its_readers_with_names_and_fields() -> None:
    event = received(mail(To=f"{SETTINGS.address}, Bob <{_BOB}>", Cc=f"Carol <{_CAROL}>, {_BOB}"))
    assert event.readers == (
        MessageReader(_ANN, "Ann", NamedIn.FROM),
        MessageReader(_BOB, "Bob", NamedIn.TO),
        MessageReader(_CAROL, "Carol", NamedIn.CC),
    )


def test_a_mail_to_us_alone_names_no_readers() -> None:
    assert received(mail(To=SETTINGS.address)).readers == ()


def test_we_and_machines_are_never_answered() -> None:
    to = (
        f"{SETTINGS.address.upper()}, support+orders@example.com, no-reply@shop.example, bounces-7@shop.example, {_BOB}"
    )
    assert _answered(mail(To=to)) == [_ANN, _BOB]


def test_another_name_of_our_own_mailbox_is_not_answered() -> None:
    aliases = {"Delivered_To": "help@example.com", "X_Original_To": "info@example.com"}
    assert _answered(mail(To=f"help@example.com, info@example.com, {_BOB}", **aliases)) == [_ANN, _BOB]


def test_our_own_list_is_not_answered() -> None:
    rules = with_settings(own_lists=("support.example.com",))
    list_headers = {"List_Id": "<support.example.com>", "List_Post": "<mailto:team@example.com>"}
    (event,) = events(mail(To=f"team@example.com, {_BOB}", **list_headers), rules)
    assert isinstance(event, MessageReceived)
    assert [one.address for one in event.readers if one.answered] == [_ANN, _BOB]


def test_a_forms_answer_goes_to_its_reply_to_alone() -> None:
    form = {"From": "Shop <web@shop.example>", "To": f"{SETTINGS.address}, boss@shop.example", "Reply_To": _ANN}
    assert _answered(mail(**form)) == [_ANN]
    assert _answered(mail(**{**form, "From": "no-reply@shop.example"})) == [_ANN]


def test_all_whom_reply_to_names_are_answered() -> None:
    assert _answered(mail(To=_CAROL, Reply_To=f"{_ANN}, {_BOB}")) == [_ANN, _BOB, _CAROL]


def test_forged_mail_is_answered_to_its_author_alone() -> None:
    assert _answered(mail(To=_BOB, Reply_To=_CAROL, Authentication_Results=_FAILS)) == [_ANN]


def test_only_known_people_are_answered_where_the_mail_may_bring_nobody() -> None:
    assert _answered(mail(To=_BOB, Cc=_CAROL), known=[_ANN, _BOB]) == [_ANN, _BOB]
    assert _answered(mail(To=_BOB, Reply_To=_CAROL), known=[_ANN, _BOB]) == [_ANN, _BOB]


def test_a_mail_of_several_authors_is_answered_to_all_of_them() -> None:
    assert _answered(mail(From=f"Ann <{_ANN}>, Bob <{_BOB}>", To=_CAROL)) == [_ANN, _BOB, _CAROL]


@pytest.mark.parametrize("field", ["To", "Cc", "Reply_To"])
def test_hostile_lists_are_bounded(field: str) -> None:
    many = ", ".join(f"p{number}@other.example" for number in range(5_000))
    assert len(received(mail(**{field: many, "Authentication_Results": _PROVEN})).readers) <= 41
