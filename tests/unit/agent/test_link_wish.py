"""What customers write to link their addresses, and what only looks like it."""

from __future__ import annotations

import pytest

from core.agent.link_wish import LinkWish, link_wish
from core.domain.capabilities import AnswersBy
from core.domain.customer import ContactDetails

NUMBER = ContactDetails(phone="+49 30 123456")
MAIL = ContactDetails(email="alice@example.com")


@pytest.mark.parametrize(
    ("text", "contact"),
    [
        ("link my phone +49 30 123456", NUMBER),
        ("Link my phone: +49 30 123456, please!", NUMBER),
        ("It's me, alice@example.com", MAIL),
        ("It's me, Alice Miller, alice@example.com", MAIL),
        ("Alice Miller, alice@example.com, it's me", MAIL),
        ("Ich bin's, Élodie Œuvré, alice@example.com", MAIL),
        ("I also write by SMS from +49 30 123456.", NUMBER),
        ("Verknüpfe mein Handy +49 30 123456", NUMBER),
        ("Ich bin's, alice@example.com", MAIL),
        ("Verknüpfen Sie meine E-Mail alice@example.com bitte", MAIL),
        ("Associer mon téléphone +49 30 123456", NUMBER),
        ("C'est moi, alice@example.com", MAIL),
        ("vincular mi teléfono +49 30 123456", NUMBER),
        ("اربط بريدي alice@example.com", MAIL),
        ("collega il mio telefono +49 30 123456", NUMBER),
        ("koppel mijn telefoon +49 30 123456", NUMBER),
        ("połącz mój telefon +49 30 123456", NUMBER),
        ("associar o meu telefone +49 30 123456", NUMBER),
        ("привяжи мой телефон +49 30 123456", NUMBER),
        ("telefonumu bağla +49 30 123456", NUMBER),
        ("电话 关联手机 +49 30 123456", NUMBER),
        ("電話番号を連携 +49 30 123456", NUMBER),
    ],
)
def test_an_address_to_link_is_understood(text: str, contact: ContactDetails) -> None:
    wish = link_wish(text)
    assert wish is not None, text
    assert (wish.contact, wish.undo) == (contact, False)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("UNLINK", None),
        ("unlink", None),
        ("Unlink my phone", AnswersBy.SENDER),
        ("unlink my e-mail please", AnswersBy.THREAD),
        ("unlink +49 30 123456", AnswersBy.SENDER),
        ("Verknüpfung aufheben", None),
        ("dissocier mon téléphone", AnswersBy.SENDER),
        ("desvincular", None),
        ("ألغ الربط", None),
        ("scollega", None),
        ("ontkoppel", None),
        ("odłącz", None),
        ("desassociar", None),
        ("отвяжи", None),
        ("bağlantıyı kaldır", None),
        ("取消关联", None),
        ("連携解除", None),
        ("Hello,\nplease unlink", None),
        ("UNLINK\n\nAlice", None),
        ("\n\nUNLINK\n\nBest regards,\nAlice Miller", None),
        ("Unlink\n\nVon meinem iPhone gesendet", None),
        (
            "Verknüpfung aufheben!\n\nMit freundlichen Grüßen\nAlice Müller\nMüller GmbH, Hauptstraße 5\n" + "x" * 400,
            None,
        ),
        ("Not me. UNLINK", None),
        ("Das war ich nicht! Verknüpfung aufheben.", None),
        ("Who is this? Unlink my phone", AnswersBy.SENDER),
    ],
)
def test_undoing_is_understood(text: str, kind: AnswersBy | None) -> None:
    wish = link_wish(text)
    assert wish is not None, text
    assert (wish.undo, wish.kind) == (True, kind)


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("UNLINK\n\nAlice Miller", False),
        ("Not me. UNLINK", False),
        ("UNLINK\n\nI want to talk to a person", True),
        ("UNLINK\n\nWhat does shipping cost?", True),
        ("Verknüpfung aufheben. Was kostet der Versand?", True),
    ],
)
def test_what_else_is_asked_beside_undoing_is_seen(text: str, *, more: bool) -> None:
    wish = link_wish(text)
    assert wish is not None
    assert wish.asks_more is more


def test_an_address_whose_link_is_to_be_undone_is_read() -> None:
    wish = link_wish("Unlink alice@example.com\n\nAlice\n+49 30 123456")
    assert wish == LinkWish(MAIL, undo=True, kind=AnswersBy.THREAD)


def test_without_an_address_the_customer_is_told_how() -> None:
    assert link_wish("link my phone") == LinkWish(kind=AnswersBy.SENDER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "It's me again",
        "alice@example.com",
        "My e-mail is alice@example.com",
        "How do I link my phone +49 30 123456 with the app?",
        "It's me, where is my parcel? alice@example.com",
        "It's me, please send the invoice of last month to alice@example.com",
        "I want to talk to a person, it's me, alice@example.com",
        "That was not me",
        "I could not unlink the account of my colleague",
        "do not unlink",
        "Please don't unlink.\n\nAlice",
        "Do not\nunlink",
        "Can you unlink my phone?",
        "Thanks for the link!\n\n> UNLINK",
        "It's me, alice@example.com, cancel subscription",
        "its me alice@example.com refund please",
        "It's me, alice@example.com. Password reset!",
        "It's me, cancel subscription, alice@example.com",
        "Refund missing, it's me, alice@example.com",
        "Ich bin's, alice@example.com, Rechnung fehlt",
        "Ich bin's, Rechnung fehlt, alice@example.com",
        "I also use alice@example.com for invoices",
        "link my phone " + "x" * 400 + " +49 30 123456",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert link_wish(text) is None
