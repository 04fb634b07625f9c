"""Who is a person (RFC 3834)."""

from __future__ import annotations

import pytest

from channels.email import letter
from channels.email.automatic import Origin
from tests.unit.email_channel.fixture import SETTINGS, mail, received, with_settings

_ANSWERS = {"In_Reply_To": "<ours@example.com>"}


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, None),
        ({"Auto_Submitted": "no"}, None),
        ({"Auto_Submitted": "auto-replied"}, Origin.AUTOMATIC),
        ({"Auto_Submitted": "auto-generated; owner=x"}, Origin.AUTOMATIC),
        ({"Auto_Submitted": "(comment) something-new"}, Origin.AUTOMATIC),
        ({"Precedence": "auto_reply"}, Origin.AUTOMATIC),
        ({"Precedence": "bulk"}, Origin.LIST),
        ({"Precedence": "first-class"}, None),
        ({"X_Autoreply": "yes"}, Origin.AUTOMATIC),
        ({"X_Auto_Response_Suppress": "DR, OOF, AutoReply"}, Origin.AUTOMATIC),
        ({"X_Auto_Response_Suppress": "DR, RN"}, None),
        ({"Return_Path": "<>"}, Origin.AUTOMATIC),
        ({"Return_Path": "<ann@customer.example>"}, None),
        ({"Subject": "Automatische Antwort: Frage", **_ANSWERS}, Origin.AUTOMATIC),
        ({"Subject": "=?utf-8?q?R=C3=A9ponse_automatique_=3A_x?=", **_ANSWERS}, Origin.AUTOMATIC),
        ({"Subject": "رد تلقائي: سؤال", **_ANSWERS}, Origin.AUTOMATIC),
        ({"Subject": "Out of Office: Re: A question", "X_Auto_Response_Suppress": "DR"}, Origin.AUTOMATIC),
        ({"Subject": "Out of office: back on Monday"}, None),
        ({"Subject": "Automatic reply not working"}, None),
        ({"Subject": "Automatic reply not working", **_ANSWERS}, None),
        ({"Subject": "Re: Automatic reply: how do I switch it off?", **_ANSWERS}, None),
        ({"Subject": "Abwesenheitsnotiz einrichten"}, None),
        ({"Subject": "The printer is out of office paper"}, None),
        ({"List_Id": "<x.lists.example>"}, Origin.LIST),
        ({"List_Unsubscribe": "<https://x.example>"}, Origin.LIST),
        ({"From": "no-reply@x.example"}, Origin.NO_REPLY),
        ({"From": "Do Not Reply <donotreply@x.example>"}, Origin.NO_REPLY),
        ({"From": "orders.noreply@x.example"}, Origin.NO_REPLY),
        ({"From": "noreplyservice@x.example"}, Origin.NO_REPLY),
        ({"From": "noel.reply@x.example"}, None),
        ({"From": "no-reply@forms.example", "Reply_To": "Ann <ann@customer.example>"}, None),
        ({"From": "mailer@forms.example", "Reply_To": "Ann <ann@customer.example>"}, None),
        ({"From": "no-reply@forms.example", "Reply_To": "support@example.com"}, Origin.NO_REPLY),
        (
            {"From": "no-reply@x.example", "Reply_To": "ann@customer.example", "Auto_Submitted": "auto-generated"},
            Origin.AUTOMATIC,
        ),
        ({"Reply_To": "no-reply@x.example"}, Origin.NO_REPLY),
        ({"Reply_To": "ann@other.example"}, None),
        ({"From": "ann@customer.example", "Reply_To": "support@example.com"}, None),
        ({"From": "bounces+7@x.example"}, Origin.AUTOMATIC),
        ({"From": "Bob <postmaster@x.example>"}, None),
        ({"From": "Support <SUPPORT@example.com>"}, Origin.OURSELVES),
    ],
)
def test_where_a_mail_comes_from(headers: dict[str, str], origin: Origin | None) -> None:
    assert letter.read(mail(**headers), SETTINGS.rules).origin is origin


def test_a_list_that_is_the_companys_own_address_is_answered() -> None:
    headers = {"List_Id": "Support <support.example.com>", "Precedence": "list"}
    assert letter.read(mail(**headers), with_settings(own_lists=("support.example.com",)).rules).origin is None
    assert letter.read(mail(**headers), SETTINGS.rules).origin is Origin.LIST


def test_who_writes_through_a_form_is_the_person_and_not_the_form() -> None:
    form = {"From": "Web form <no-reply@forms.example>", "Reply_To": "Ann <ann@customer.example>"}
    proof = "mx.example.com; dmarc=pass header.from=forms.example"
    event = received(mail(**form, Authentication_Results=proof))
    assert (event.sender.external_id, event.sender.display_name) == ("ann@customer.example", "Ann")
    assert not event.sender.verified, "the form is proven, and not who filled it in"
    assert not event.shared, "nobody reads what is sent to the form"


def test_a_postmaster_who_writes_himself_is_heard() -> None:
    assert received(mail(From="Bob <postmaster@x.example>")).sender.external_id == "postmaster@x.example"
    assert letter.read(mail(From="postmaster@x.example", Return_Path="<>"), SETTINGS.rules).report
