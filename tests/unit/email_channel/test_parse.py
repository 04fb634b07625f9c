"""A mail to the domain: text, files, sender, time."""

from __future__ import annotations

import pytest

from channels.email.parse import FilePlace, file_place
from core.domain.errors import InvalidInput
from core.domain.messages import DeliveryReported, MessageReceived, ReceiptStatus
from tests.unit.email_channel.fixture import (
    AT,
    SETTINGS,
    TOKENS,
    events,
    fixture,
    mail,
    raw_of,
    received,
    with_settings,
)

_OURS = TOKENS.message_id("abcdefghijklmnop", "d1:0")


def test_an_invitation_can_be_read_and_its_file_is_kept() -> None:
    event = received(fixture("invitation"))
    assert event.text.startswith("Demo\n\nCan you show us the product?")
    assert "Event: Product demo, first part\nStart: 2026-11-24 10:00 Europe/Berlin" in event.text
    assert "Place: Room 4\nFrom: ann@customer.example\nNote: Please bring the price list." in event.text
    assert [(ref.name, ref.media_type) for ref in event.attachments] == [("invite.ics", "text/calendar")]


def test_a_forwarded_mail_comes_whole_with_its_files() -> None:
    event = received(fixture("forwarded"))
    assert event.text == (
        "Fwd: Your invoice\n\nIs this from you?\n\n---------- Forwarded message ----------\n"
        "From: Billing <billing@elsewhere.example>\nDate: Fri, 20 Nov 2026 09:00:00 +0000\nSubject: Your invoice\n\n"
        "Please pay 90 pounds."
    )
    assert [ref.name for ref in event.attachments] == ["Rechnung März.pdf"]


def test_html_is_text_and_its_pictures_are_files() -> None:
    event = received(fixture("inline_image"))
    assert event.text == (
        "Broken display\n\nIt looks like this…\n\nscreenshot\n\n"
        "See our page <https://customer.example/page>.\n\nModel T-9\nBought May"
    )
    assert [(ref.name, ref.media_type) for ref in event.attachments] == [("shot.png", "image/png")]
    assert file_place(event.attachments[0].id) == FilePlace("INBOX", 7, 12, 0, "<inline1@customer.example>")


def test_an_unknown_charset_and_a_wrong_date_stop_nobody() -> None:
    event = received(fixture("unknown_charset"))
    assert event.text == "Straße\n\nGrüße aus Zürich"
    assert event.sender.display_name == "Zürich"
    assert event.sent_at == AT


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("iso-2022-jp", "こんにちは"),
        ("koi8-r", "Привет, как дела"),
        ("gb18030", "你好"),
        ("utf-7", "Grüße"),
        ("windows-1256", "مرحبا"),
    ],
)
def test_declared_charsets_are_honoured(charset: str, text: str) -> None:
    head = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n"
    assert received(head.encode() + text.encode(charset)).text == text


def test_a_wrong_charset_is_seen_through() -> None:
    head = b"From: a@b.example\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
    assert received(head + "Grüße".encode()).text == "Grüße"
    assert received(head + "Straße in Zürich".encode("cp1252")).text == "Straße in Zürich"


def test_control_characters_do_not_reach_the_database() -> None:
    assert received(mail("a\x00b\x1b[31mc")).text == "ab[31mc"


@pytest.mark.parametrize(
    ("subject", "joined", "text"),
    [
        ("Order 7", "0", "Order 7\n\nHello"),
        ("Re: Order 7", "0", "Hello"),
        ("Order 7", "1", "Hello"),
        ("hello", "0", "Hello"),
        ("", "0", "Hello"),
        ("AW: Bestellung", "0", "Hello"),
    ],
)
def test_the_subject_is_told_once(subject: str, joined: str, text: str) -> None:
    assert received(mail(Subject=subject), joined=joined).text == text


def test_a_mail_of_a_subject_alone_says_that() -> None:
    assert received(mail("", Subject="Please call me"), joined="1").text == "Please call me"


def test_flowed_lines_are_joined() -> None:
    body = mail("This is one \r\nsentence.\r\n> quoted \r\n> line\r\n").replace(
        b"charset=utf-8", b"charset=utf-8; format=flowed"
    )
    assert received(body).text == "This is one sentence."


def test_the_senders_time_is_never_later_than_ours() -> None:
    assert received(mail(Date="Sat, 21 Nov 2026 10:00:00 +0100")).sent_at.isoformat() == "2026-11-21T09:00:00+00:00"
    assert received(mail(Date="Sat, 21 Nov 2037 10:00:00 +0100")).sent_at == AT
    assert received(mail(Date="Thu, 1 Jan 1970 00:00:00 +0000")).sent_at == AT


def test_the_same_id_is_the_same_mail_and_without_one_the_same_bytes() -> None:
    assert received(mail("a")).key == received(mail("b")).key
    assert received(mail("a", Message_ID="")).key != received(mail("b", Message_ID="")).key
    assert received(mail("a", Message_ID="")).key == received(mail("a", Message_ID="")).key


@pytest.mark.parametrize("author", ["", "nobody", "<>", "=?utf-8?q?=00?="])
def test_a_mail_that_nobody_wrote_is_put_aside(author: str) -> None:
    with pytest.raises(InvalidInput):
        events(mail(From=author))


@pytest.mark.parametrize(
    ("sender", "author"), [(None, "a@b.example"), ("c@d.example", "c@d.example"), ("e@f.example", "a@b.example")]
)
def test_a_mail_that_several_wrote_is_for_people_and_in_nobodys_proven_name(sender: str | None, author: str) -> None:
    passed = "mx.shop.example; dmarc=pass header.from=b.example"
    more = {"Sender": sender} if sender else {}
    body = mail(From="Ann <a@b.example>, Cyd <c@d.example>", Authentication_Results=passed, **more)
    (found,) = events(body, with_settings(authserv_id="mx.shop.example"))
    assert isinstance(found, MessageReceived)
    assert (found.sender.external_id, found.sender.verified) == (author, False)
    assert found.caution is not None
    assert found.shared


def test_of_two_authors_we_are_never_the_one_who_is_asked() -> None:
    found = received(mail(From=f"Ann via Support <{SETTINGS.account}>, ann@x.example", Sender=SETTINGS.account))
    assert found.sender.external_id == "ann@x.example"


def test_two_from_headers_are_two_authors() -> None:
    found = received(b"From: c@d.example\r\n" + mail(From="a@b.example"))
    assert found.caution is not None
    assert not found.sender.verified


@pytest.mark.parametrize("mark", [{"X_Spam_Flag": "YES"}, {"X_Spam": "Yes"}, {"X_Spam_Status": "Yes, score=9.1"}])
def test_spam_is_left_alone_unless_it_answers_in_a_thread(mark: dict[str, str]) -> None:
    assert events(mail(**mark)) == []
    assert events(mail(**dict.fromkeys(mark, "No")))
    (answer,) = events(mail(**mark), joined="1")
    assert isinstance(answer, MessageReceived)


@pytest.mark.parametrize(
    ("author", "address", "name"),
    [
        ('"Miller, Ann" <ANN@Customer.Example>', "ann@customer.example", "Miller, Ann"),
        ("ann@customer.example (Ann)", "ann@customer.example", "Ann"),
        ("=?utf-8?q?Zo=C3=AB?= <zoe@b.example>", "zoe@b.example", "Zoë"),
        ('"boss@bank.example" <evil@x.example>', "evil@x.example", "boss@bank.example"),
        ("ann@customer.example <ann@customer.example>", "ann@customer.example", None),
    ],
)
def test_the_author(author: str, address: str, name: str | None) -> None:
    sender = received(mail(From=author)).sender
    assert (sender.external_id, sender.display_name) == (address, name)


def test_without_its_thread_a_mail_is_not_parsed() -> None:
    with pytest.raises(InvalidInput):
        events(mail(), thread="")


@pytest.mark.parametrize(
    ("name", "status", "detail"),
    [
        ("bounce", ReceiptStatus.FAILED, "ann@customer.example: 550 5.1.1 The email account does not exist"),
        ("bounce_in_words", ReceiptStatus.FAILED, "Sorry, no mailbox here by that name. (#5.1.1)"),
        ("read_receipt", ReceiptStatus.READ, None),
    ],
)
def test_a_report_on_our_mail(name: str, status: ReceiptStatus, detail: str | None) -> None:
    (event,) = events(fixture(name, message_id=_OURS))
    assert isinstance(event, DeliveryReported)
    assert (event.status, event.detail) == (status, detail)


@pytest.mark.parametrize("name", ["bounce", "bounce_in_words", "read_receipt"])
def test_a_report_on_a_mail_that_is_not_ours_counts_for_nothing(name: str) -> None:
    forged = _OURS[:-20] + "aaaa" + _OURS[-16:]
    for message_id in ("<x@elsewhere.example>", forged):
        assert events(fixture(name, message_id=message_id)) == []


def test_a_mail_that_is_only_late_has_not_failed() -> None:
    assert events(fixture("delayed", message_id=_OURS)) == []


@pytest.mark.parametrize("name", ["out_of_office", "list"])
def test_machines_and_lists_are_left_alone(name: str) -> None:
    assert events(fixture(name)) == []


def test_parsing_is_pure() -> None:
    raw = raw_of(fixture("forwarded"))
    assert isinstance(received(raw.body), MessageReceived)
    assert received(raw.body) == received(raw.body)


@pytest.mark.parametrize(
    ("headers", "shared"),
    [
        ({"To": "Support <support@example.com>"}, False),
        ({"To": "support@example.com", "Reply_To": "ANN@customer.example"}, False),
        ({"To": "support@example.com, bob@customer.example"}, True),
        ({"To": "support@example.com", "Cc": "Bob <bob@customer.example>"}, True),
        ({"To": "support@example.com", "Reply_To": "bob@customer.example"}, True),
    ],
)
def test_a_mail_that_names_others_is_shared(headers: dict[str, str], shared: bool) -> None:
    assert received(mail(**headers)).shared is shared


@pytest.mark.parametrize(
    ("headers", "joined", "says"),
    [
        ({"To": "Bob <bob@example.com>", "Cc": SETTINGS.account}, "1", False),
        ({"To": SETTINGS.account, "Cc": "Bob <bob@example.com>"}, "1", None),
        ({"To": f"bob@example.com, {SETTINGS.account}"}, "1", None),
        ({"To": "bob@example.com"}, "1", None),
        ({"To": "bob@example.com", "Cc": SETTINGS.account}, "0", None),
        ({"Cc": SETTINGS.account}, "1", None),
    ],
)
def test_what_people_write_to_each_other_with_us_in_cc_is_not_for_us(
    headers: dict[str, str], joined: str, says: bool | None
) -> None:
    assert received(mail(**headers), joined=joined).addressed is says


def test_an_encoded_word_is_no_address() -> None:
    word = "=?utf-8?q?x=0d=0aReply-To=3A=20boss=40evil.example?=@evil.example"
    found = received(mail(To=SETTINGS.account, Cc=f"{word}, Bob <bob@example.com>"))
    assert [one.address for one in found.readers if one.named_in == "cc"] == ["bob@example.com"]


def test_with_us_in_cc_it_is_for_somebody_only_if_somebody_is_asked() -> None:
    copied = received(mail(To="noreply@shop.example", Cc=SETTINGS.account), joined="1")
    assert copied.addressed is None
