"""To a real server and back: what customers get, what becomes of refusals, and what is known after a crash."""

from __future__ import annotations

import base64
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from channels.email.reply_text import reply_text
from core.domain.attachments import Attachment
from core.domain.errors import AuthFailed, OutcomeUnknown, RateLimited, Rejected, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Citation, MessageKind, OutboundMessage, ReceiptStatus
from tests.integration.email_channel.gruff_server import gruff_server
from tests.integration.email_channel.rig import ANN, LINK, PostOffice, Rig, rig_in, submission_url

_SOURCE = Citation(
    "p1", "Opening hours", "content", "hours.md", 0.9, section="Weekdays", url="https://tidepool.example/h"
)


async def _thread(rig: Rig, text: str = "When are you open?", **headers: str) -> str:
    before = len(rig.sink.received)
    await rig.write(text, **headers)
    return (await rig.sink.messages(before + 1))[before].conversation.thread


async def test_an_answer_is_a_proper_reply(rig: Rig) -> None:
    mail = await rig.write("When are you open?\nAnd where?")
    (event,) = await rig.sink.messages(1)
    (receipt,) = await rig.answer(event.conversation.thread, "**At nine** [1].", citations=(_SOURCE,))
    (sent,) = rig.office.postman.letters
    assert sent["From"] == f"Tidepool Ltd <{rig.address}>"
    assert sent["To"] == f"Ann Miller <{ANN}>"
    assert sent["Subject"] == "Re: A question"
    assert sent["In-Reply-To"] == sent["References"] == mail["Message-ID"]
    assert sent["Auto-Submitted"] == "auto-replied"
    plain, html = _parts(sent)
    assert plain.startswith(
        "At nine [1].\n\nSources\n[1] Opening hours (https://tidepool.example/h), Weekdays\n\nOn 20"
    )
    assert "Ann Miller wrote:\n> A question\n>\n> When are you open?\n> And where?" in plain
    assert "<b>At nine</b>" in html
    assert '<a href="https://tidepool.example/h">Opening hours</a>' in html
    assert '<blockquote type="cite"' in html
    assert receipt.tracked


async def test_what_a_customer_answers_below_our_quotation_is_cut_clean(rig: Rig) -> None:
    await rig.answer(await _thread(rig), "At nine.")
    plain, _ = _parts(rig.office.postman.letters[0])
    quoted = "\n".join(f"> {line}" for line in plain.splitlines())
    assert (
        reply_text(f"Thank you!\n\nOn Sat, 21 Nov 2026 at 10:00, Tidepool <x@y.example> wrote:\n{quoted}")
        == "Thank you!"
    )


async def test_the_full_way_over_submission_with_starttls_and_back(tmp_path: Path, office: PostOffice) -> None:
    async with rig_in(tmp_path, office) as rig:
        await rig.start(smtp_url=submission_url(office, rig.address), sent_folder="Sent")
        thread = await _thread(rig)
        await rig.answer(thread, "At nine.")
        (data,) = [mail for mail in await office.mails(ANN) if rig.address.encode() in mail]
        got: EmailMessage = message_from_bytes(data, policy=policy.default)  # type: ignore[assignment]
        assert _parts(got)[0].startswith("At nine.")
        again = await _thread(rig, "Thanks. On Sunday too?", Subject="Re: A question", In_Reply_To=got["Message-ID"])
        assert again == thread
        await rig.stop()
        assert len(await office.mails(rig.address, "Sent")) == 1


async def test_staff_write_as_themselves_and_not_automatically(rig: Rig) -> None:
    await rig.answer(await _thread(rig), "I looked it up.", author=Author.STAFF, author_name="Bea")
    (sent,) = rig.office.postman.letters
    assert sent["From"] == f'"Bea (Tidepool Ltd)" <{rig.address}>'
    assert sent["Auto-Submitted"] is None


async def test_files_go_with_the_mail(rig: Rig) -> None:
    file = await rig.file("prices ü.txt", b"Nine pounds.\n")
    await rig.answer(await _thread(rig), "See the list.", attachments=(file,))
    (sent,) = rig.office.postman.letters
    (part,) = sent.iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("prices ü.txt", "text/plain")
    assert part.get_payload(decode=True) == b"Nine pounds.\n"


async def test_a_file_that_is_too_large_is_a_link(rig: Rig) -> None:
    await rig.stop()
    await rig.start(largest_sent=10)
    file = await rig.file("prices.txt", b"Nine pounds and more.\n")
    await rig.answer(await _thread(rig), "See the list.", attachments=(file,))
    (sent,) = rig.office.postman.letters
    assert list(sent.iter_attachments()) == []
    assert LINK.format(id=file.id) in _parts(sent)[0]


async def test_what_the_server_finds_too_large_is_sent_again_with_a_link(rig: Rig) -> None:
    file = await rig.file("prices.txt", b"Nine pounds.\n")
    thread = await _thread(rig)
    rig.office.postman.refusals.data = ["552 5.3.4 Message size exceeds fixed limit"]
    await rig.answer(thread, "See the list.", attachments=(file,))
    (sent,) = rig.office.postman.letters
    assert LINK.format(id=file.id) in _parts(sent)[0]


async def test_a_file_that_is_lost_does_not_hold_back_the_answer(rig: Rig) -> None:
    lost = Attachment("f9", "lost.txt", "text/plain", 5, "0" * 64, "2026/f9")
    await rig.answer(await _thread(rig), "See the list.", attachments=(lost,))
    assert "lost.txt" in _parts(rig.office.postman.letters[0])[0]


@pytest.mark.parametrize(
    ("command", "reply", "error"),
    [
        ("mail", "421 4.7.0 Try again later", RateLimited),
        ("mail", "451 4.3.2 System not accepting", Unreachable),
        ("mail", "553 5.7.1 Sender address rejected: not owned by user", AuthFailed),
        ("mail", "550 5.4.5 Daily user sending limit exceeded", RateLimited),
        ("mail", "550 5.1.8 Access denied, bad outbound sender", AuthFailed),
        ("mail", "552 5.2.2 Your mailbox is over quota", RateLimited),
        ("mail", "501 5.5.4 Syntax error in parameters", Unreachable),
        ("rcpt", "450 4.2.0 Greylisted", Unreachable),
        ("rcpt", "554 5.7.1 <ann@customer.example>: Relay access denied", AuthFailed),
        ("rcpt", "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", AuthFailed),
        ("rcpt", "553 5.7.1 <support@example.com>: Sender address rejected: not owned by user ann", AuthFailed),
        ("rcpt", "530 5.7.0 Authentication required", AuthFailed),
        ("rcpt", "550 5.4.5 Daily sending quota exceeded", RateLimited),
        ("rcpt", "552 5.2.2 The recipient's mailbox is full", Rejected),
        ("data", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", AuthFailed),
        ("data", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", AuthFailed),
        ("data", "550 5.7.1 Our limit is 100 messages per hour", RateLimited),
        ("rcpt", "450 4.7.1 Too many messages", RateLimited),
        ("rcpt", "550 5.1.1 No such user", Rejected),
        ("rcpt", "553 5.1.3 Bad address", Rejected),
        ("data", "451 4.3.0 Temporary failure", Unreachable),
        ("data", "421 4.7.28 Our system has detected an unusual rate", RateLimited),
        ("data", "554 5.7.1 Spam", Rejected),
    ],
)
async def test_a_refusal_says_what_to_do(rig: Rig, command: str, reply: str, error: type[Exception]) -> None:
    thread = await _thread(rig)
    setattr(rig.office.postman.refusals, command, [reply])
    with pytest.raises(error) as caught:
        await rig.answer(thread)
    assert type(caught.value) is error
    (payload,) = rig.channel.render(_message(rig, thread))
    assert await rig.channel.outcome(payload, idempotency_key="d1:0") is None, "it is certain that it was not taken"
    await rig.answer(thread)
    assert len(rig.office.postman.taken) == 1


@pytest.mark.parametrize(
    "replies",
    [
        ["554 5.7.1 No service for your address"],
        ["220 mx.example.com ESMTP", "550 5.7.1 EHLO refused", "550 5.7.1 HELO refused"],
        [
            "220 mx.example.com ESMTP",
            "250-mx\r\n250 AUTH PLAIN LOGIN",
            "550 5.7.1 This account is blocked",
            "550 5.7.1 Blocked",
        ],
    ],
)
async def test_a_server_that_refuses_us_before_any_mail_drops_none(rig: Rig, replies: list[str]) -> None:
    thread = await _thread(rig)
    await rig.stop()
    async with gruff_server(replies) as port:
        await rig.start(smtp_url=f"smtp://support:secret@127.0.0.1:{port}")
        with pytest.raises(AuthFailed):
            await rig.answer(thread)
    assert rig.channel.alarm == "the mail server does not let us send"
    await rig.stop()
    await rig.start()
    await rig.answer(thread)
    assert len(rig.office.postman.taken) == 1


async def test_a_wrong_password_pauses_and_is_seen(tmp_path: Path, office: PostOffice) -> None:
    async with rig_in(tmp_path, office) as rig:
        await rig.start(smtp_url=submission_url(office, rig.address, "wrong"))
        thread = await _thread(rig)
        with pytest.raises(AuthFailed):
            await rig.answer(thread)
        assert rig.channel.alarm == "the mail server does not let us send"
        assert "wrong" not in (rig.channel.alarm or "")
        await rig.stop()


async def test_a_server_that_is_away_is_certain_not_to_have_it(rig: Rig) -> None:
    thread = await _thread(rig)
    await rig.stop()
    await rig.start(smtp_url="smtp://127.0.0.1:1")
    with pytest.raises(Unreachable):
        await rig.answer(thread)
    (payload,) = rig.channel.render(_message(rig, thread))
    assert await rig.channel.outcome(payload, idempotency_key="d1:0") is None


async def test_a_connection_lost_after_the_mail_leaves_doubt_and_no_guess(rig: Rig) -> None:
    thread = await _thread(rig)
    rig.office.postman.refusals.cut = True
    with pytest.raises(OutcomeUnknown):
        await rig.answer(thread)
    (payload,) = rig.channel.render(_message(rig, thread))
    with pytest.raises(OutcomeUnknown):
        await rig.channel.outcome(payload, idempotency_key="d1:0")
    await rig.answer(thread)
    first, second = rig.office.postman.letters
    assert first["Message-ID"] == second["Message-ID"], "one mail to those who compare"


async def test_after_a_restart_only_what_the_server_may_have_is_in_doubt(rig: Rig) -> None:
    thread = await _thread(rig)
    rig.office.postman.refusals.rcpt = ["451 4.3.0 Temporary failure"]
    with pytest.raises(Unreachable):
        await rig.answer(thread, key="refused")
    await rig.answer(thread, key="taken")
    await rig.stop()
    await rig.start()
    (payload,) = rig.channel.render(_message(rig, thread))
    for certain in ("never:0", "refused:0"):
        assert await rig.channel.outcome(payload, idempotency_key=certain) is None
    with pytest.raises(OutcomeUnknown):
        await rig.channel.outcome(payload, idempotency_key="taken:0")


async def test_the_folder_of_sent_mail_resolves_the_doubt(rig: Rig) -> None:
    thread = await _thread(rig)
    await rig.stop()
    await rig.start(sent_folder="Sent")
    rig.office.postman.refusals.cut = True
    with pytest.raises(OutcomeUnknown):
        await rig.answer(thread)
    with rig.office.dovecot.session(rig.address) as imap:
        imap.append("Sent", "", "", rig.office.postman.taken[0][1])  # type: ignore[arg-type]
    (payload,) = rig.channel.render(_message(rig, thread))
    assert await rig.channel.outcome(payload, idempotency_key="d1:0") is not None


async def test_a_bounce_is_told_of_the_mail_that_we_sent(rig: Rig) -> None:
    (receipt,) = await rig.answer(await _thread(rig))
    ours = rig.office.postman.letters[0]["Message-ID"]
    await rig.office.deliver(_bounce(ours), rig.address)
    await rig.sink.until(lambda sink: bool(sink.reports))
    (report,) = rig.sink.reports
    assert (report.provider_id, report.status) == (receipt.provider_id, ReceiptStatus.FAILED)
    assert report.detail == "ann@customer.example: 550 5.1.1 The email account does not exist"


async def test_customers_cannot_write_headers(rig: Rig) -> None:
    subject = "=?utf-8?b?" + base64.b64encode(b"Hi\r\nBcc: all@customer.example").decode() + "?="
    data = (
        f"From: {ANN}\r\nTo: {rig.address}\r\nMessage-ID: <x1@customer.example>\r\nSubject: {subject}\r\n\r\nHello\r\n"
    )
    await rig.office.deliver(data.encode(), rig.address)
    (event,) = await rig.sink.messages(1)
    await rig.answer(event.conversation.thread)
    (sent,) = rig.office.postman.letters
    assert sent["Bcc"] is None
    assert [to for to, _ in rig.office.postman.taken] == [ANN]


def _message(rig: Rig, thread: str) -> OutboundMessage:
    key = ConversationKey("email", rig.address, thread)
    return OutboundMessage("m1", key, Author.AGENT, "Forty-two.", MessageKind.ANSWER)


def _parts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content().replace("\r\n", "\n"), html.get_content()


def _bounce(message_id: str) -> bytes:
    path = Path(__file__).parents[2] / "fixtures" / "email" / "bounce.eml"
    return path.read_bytes().replace(b"{message_id}", message_id.encode())
