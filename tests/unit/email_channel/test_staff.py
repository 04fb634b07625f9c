"""Who may answer for the company by mail, and what of a reply counts."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default

import pytest

from channels.email import letter
from channels.email.address import Mailbox
from channels.email.settings import MailRules
from channels.email.staff import Reply, may_be_staff
from channels.staff_rule import StaffRule
from core.domain.messages import Audience, MessageReceived, StaffAction
from core.ports.staff_mail import NO_COMMAND, NOT_STAFF, NOTHING_NEW, UNPROVEN

_HUB = "support@acme.example"
_AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("author", "staff", "may"),
    [
        ("team@acme.example", "team@acme.example", True),
        ("grace@acme.example", "team@acme.example", True),
        ("grace@sub.acme.example", "team@acme.example", False),
        ("grace@acme.example.evil.example", "team@acme.example", False),
        ("team@evil.example", "team@acme.example", False),
        ("acme.team@gmail.com", "acme.team@gmail.com", True),
        ("eve@gmail.com", "acme.team@gmail.com", False),
        ("team@acme.example", None, False),
    ],
)
def test_the_address_or_its_domain_but_not_a_great_providers(author: str, staff: str | None, *, may: bool) -> None:
    assert may_be_staff(Mailbox(author), staff, StaffRule()) is may
    assert not may_be_staff(None, staff, StaffRule())


@pytest.mark.parametrize(
    ("author", "may"),
    [
        ("grace@acme.example", True),
        ("linus@acme.org", True),
        ("linus@eu.acme.org", False),
        ("tester@acme.org", False),
        ("freelancer@gmail.com", True),
        ("ann@customer.example", False),
    ],
)
def test_domains_and_single_people_may_be_named(author: str, *, may: bool) -> None:
    rule = StaffRule(frozenset({"acme.org"}), {"tester@acme.org": False, "freelancer@gmail.com": True})
    assert may_be_staff(Mailbox(author), "team@acme.example", rule) is may


def _events(
    body: str, *, proves: bool = False, by_staff: bool = True, sign: str = "//", **headers: str
) -> list[MessageReceived]:
    mail = EmailMessage(policy=default)
    given = {"From": "Grace <grace@acme.example>", "To": _HUB, "Subject": "Re: Case", "Message-ID": "<r1@acme.example>"}
    for name, value in (given | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        mail[name] = value
    mail.set_content(body)
    rules = MailRules(_HUB, "mx.acme.example" if proves else None)
    found = Reply(letter.read(mail.as_bytes(), rules), "c.1", _HUB, _AT, (), by_staff, proves, sign).events()
    assert all(isinstance(one, MessageReceived) for one in found)
    return list(found)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("It is on its way.", [(StaffAction.REPLY, "It is on its way.")]),
        ("/bot", [(StaffAction.HAND_BACK, "")]),
        (
            "\n/Resolve \n\nRefunded.\n\n##- above -##\nquoted",
            [(StaffAction.REPLY, "Refunded."), (StaffAction.RESOLVE, "")],
        ),
        ("/take\nHello.", [(StaffAction.TAKE_OVER, ""), (StaffAction.REPLY, "Hello.")]),
        ("Use /bot for that.", [(StaffAction.REPLY, "Use /bot for that.")]),
        ("\u200b\xa0/BOT\xa0", [(StaffAction.HAND_BACK, "")]),
        ("\uff0fbot", [(StaffAction.HAND_BACK, "")]),
        ("/bot\n// they called twice", [(StaffAction.REPLY, "// they called twice"), (StaffAction.HAND_BACK, "")]),
        ("/resolve\nDone.\n\n-- \nGrace\n/bot", [(StaffAction.REPLY, "Done."), (StaffAction.RESOLVE, "")]),
        ("Done.\n\n> /bot", [(StaffAction.REPLY, "Done.")]),
    ],
)
def test_the_first_line_may_be_a_command(body: str, expected: list[tuple[StaffAction, str]]) -> None:
    events = _events(body)
    assert [(one.action, one.text) for one in events] == expected
    assert {(one.audience, one.conversation.thread, one.caution) for one in events} == {
        (Audience.STAFF, "case/c.1", None)
    }
    assert len({one.key for one in events}) == len(events)
    assert [one.key for one in events] == [one.key for one in _events(body)]
    assert {one.sender.external_id for one in events} == {"grace@acme.example"}


def test_a_reply_of_nothing_but_quotation_is_doubted_and_says_nothing() -> None:
    (event,) = _events("> ##- above -##\n> internal")
    assert (event.caution, event.text, event.action) == (NOTHING_NEW, "", None)


@pytest.mark.parametrize(
    "body",
    [
        "/resolved",
        "/bot.\nHello.",
        "/close",
        "/RESOLVED \nHello.",
        "Hello Ada,\n/bot",
        "Hello Ada,\n\n\xa0 /Resolve \n\nGoodbye",
        "It is done.\n\n/resolved",
        "/resolve it was refunded",
        "/take, please",
        "/resolv thanks for waiting",
        "/ bot",
        "\\bot",
        "*/bot*",
        "- /bot",
        "`/bot`",
        "\u201e/bot\u201c",
        "Hello\n\u200b/bot\u200b",
        "Hello\n\uff0fbot",
        "/take\n/resolve\nDone.",
        "// a note\n/resolve",
        "Hello Ada,\n// she is angry",
        "Hello Ada,\n\u200b // she is angry",
        "- // she is angry",
        "`// she is angry`",
        "\uff0f\uff0f she is angry",
        "/\u200b/ she is angry",
    ],
)
def test_a_misplaced_or_misspelt_command_is_not_passed_on(body: str) -> None:
    (event,) = _events(body)
    assert (event.caution, event.text, event.action) == (NO_COMMAND, "", None)


@pytest.mark.parametrize(
    ("body", "caution"),
    [("## she is angry", None), ("Hello Ada,\n## she is angry", NO_COMMAND), ("// is a comment", None)],
)
def test_a_note_has_the_sign_of_the_settings(body: str, caution: str | None) -> None:
    (event,) = _events(body, sign="##")
    assert (event.caution, event.text) == (caution, "" if caution else body)


@pytest.mark.parametrize(
    "body",
    [
        "/etc/hosts holds it.",
        "// a note",
        "// a note\n// of two lines",
        "/ is the folder",
        "See /resolved",
        "Look below /var/log\nand in /etc/hosts",
        "https://acme.example/bot",
        "Either/or",
    ],
)
def test_a_slash_alone_makes_no_command(body: str) -> None:
    (event,) = _events(body)
    assert (event.caution, event.text) == (None, body)


def test_an_answer_by_others_is_marked_and_never_a_reply() -> None:
    (event,) = _events("/take\nHello.", by_staff=False)
    assert (event.caution, event.text, event.action, event.audience) == (
        NOT_STAFF,
        "/take\nHello.",
        None,
        Audience.STAFF,
    )


@pytest.mark.parametrize(
    ("results", "passes"),
    [
        ("mx.acme.example; dmarc=pass header.from=acme.example", True),
        ("mx.acme.example; dkim=pass header.d=acme.example", True),
        ("mx.acme.example; dmarc=fail header.from=acme.example", False),
        ("mx.evil.example; dmarc=pass header.from=acme.example", False),
        ("", False),
    ],
)
def test_where_the_server_proves_senders_only_what_it_proves_counts(results: str, *, passes: bool) -> None:
    headers = {"Authentication_Results": results} if results else {}
    (event,) = _events("Hello.", proves=True, **headers)
    assert (event.caution is None, event.action is StaffAction.REPLY) == (passes, passes)
    assert event.text == ("Hello." if passes else "")
    if not passes:
        assert event.caution == UNPROVEN
