"""Files both ways: from Twilio's hosts only, and by a link wherever the file itself is not taken."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from config.simulation.twilio_fake import OURS, SID, THEIRS, WHATSAPP_OURS, WHATSAPP_THEIRS
from core.domain.attachments import Attachment, AttachmentRef
from core.domain.errors import AuthFailed, OutcomeUnknown, Rejected, TooLarge, Unreachable
from core.domain.messages import DeliveryReported, MessageReceived, ReceiptStatus
from tests.integration.sms_channel.rig import LINK, PDF, PICTURE, Rig, running
from tests.patience import PATIENCE

PICTURE_LINK = LINK.format(id="f1")
GERMAN = f"{OURS}/+4915112345678"


async def _refs(rig: Rig, files: dict[str, bytes], body: str = "See this") -> tuple[AttachmentRef, ...]:
    await rig.hear(body, files=files)
    (event,) = rig.sink.new
    assert isinstance(event, MessageReceived)
    return event.attachments


async def _read(rig: Rig, ref: AttachmentRef) -> bytes:
    stream = await rig.channel.fetch(ref)
    return b"".join([chunk async for chunk in stream.chunks()])


async def test_pictures_come_in_and_the_store_of_twilio_gets_no_credentials(rig: Rig) -> None:
    first, second = await _refs(rig, {"image/jpeg": b"\xff\xd8picture", "application/pdf": b"%PDF"})
    assert first.name.endswith(".jpg")
    assert (first.media_type, second.media_type) == ("image/jpeg", "application/pdf")
    assert [await _read(rig, ref) for ref in (first, second)] == [b"\xff\xd8picture", b"%PDF"]
    assert all("Authorization" not in headers for headers in rig.twilio.cdn_headers)


async def test_a_picture_without_a_text_is_a_message(rig: Rig) -> None:
    (ref,) = await _refs(rig, {"image/png": b"png"}, body="")
    assert await _read(rig, ref) == b"png"


@pytest.mark.parametrize(
    ("kind", "disposition", "name"),
    [
        ("application/pdf", 'inline; filename="Rechnung 12.pdf"', "Rechnung 12.pdf"),
        ("application/pdf", "attachment; filename*=UTF-8''R%C3%BCckgabe.pdf; filename=x.pdf", "Rückgabe.pdf"),
        ("image/jpeg", 'inline; filename="IMG_1.HEIC"', "IMG_1.HEIC"),
        ("video/mp4", 'inline; filename="clip.m4a"', "clip.m4a"),
        ("application/pdf", 'inline; filename="invoice.pdf.exe"', "invoice.pdf"),
        ("application/pdf", 'inline; filename="../../etc/pass\\wd"', "passwd.pdf"),
        ("application/pdf", 'inline; filename="plan"', "plan.pdf"),
        ("image/png", "inline", "image-1.png"),
        ("image/png", 'inline; filename="..."', "image-1.png"),
        ("image/png", "inline; filename*=nowhere'x'%ff%fe", "image-1.png"),
        ("image/png", ";" * 5000, "image-1.png"),
    ],
)
async def test_a_file_keeps_the_name_that_its_sender_gave_it(rig: Rig, kind: str, disposition: str, name: str) -> None:
    (ref,) = await _refs(rig, {kind: b"bytes"})
    rig.twilio.disposition = disposition
    stream = await rig.channel.fetch(ref)
    await stream.aclose()
    assert stream.name == name


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/2010-04-01/Accounts/x",
        "http://169.254.169.254/latest/meta-data",
        "https://api.twilio.com.evil.example/x",
        "https://s3-external-1.amazonaws.com/somebody/else",
        "https://media.twiliocdn.com/x",
        "file:///etc/passwd",
        "http://api.twilio.com/plain",
        "https://[api.twilio.com/plain",
    ],
)
async def test_nothing_is_fetched_from_elsewhere(rig: Rig, url: str) -> None:
    with pytest.raises(Rejected):
        await rig.channel.fetch(AttachmentRef(url, "x"))


async def test_a_deleted_file_is_gone(rig: Rig) -> None:
    (ref,) = await _refs(rig, {"image/png": b"png"})
    rig.twilio.files.clear()
    with pytest.raises(Rejected, match="any more"):
        await rig.channel.fetch(ref)


async def test_wrong_credentials_say_so(rig: Rig) -> None:
    (ref,) = await _refs(rig, {"image/png": b"png"})
    rig.twilio.tokens = {"c" * 32}
    with pytest.raises(AuthFailed):
        await rig.channel.fetch(ref)


async def test_an_old_token_in_front_does_not_hinder(tmp_path: Path) -> None:
    async with running(tmp_path, auth_tokens=("old" * 10, "a" * 32)) as rig:
        (ref,) = await _refs(rig, {"image/png": b"png"})
        assert await _read(rig, ref) == b"png"


async def test_a_file_over_the_limit_is_refused(rig: Rig) -> None:
    (ref,) = await _refs(rig, {"image/png": b"x" * 2000})
    await rig.stop()
    rig.around = replace(rig.around, max_attachment_bytes=1000)
    await rig.start()
    with pytest.raises(TooLarge):
        await _read(rig, ref)


async def test_a_stopped_channel_fetches_nothing(rig: Rig) -> None:
    await rig.stop()
    with pytest.raises(Unreachable):
        await rig.channel.fetch(AttachmentRef(f"{rig.twilio.url}/x", "x"))


async def test_a_picture_goes_out_after_its_text(rig: Rig) -> None:
    receipts = await rig.say("Here it is.", files=[PICTURE])
    assert len(receipts) == 2
    text, file = rig.twilio.messages
    assert (text["body"], text["num_media"]) == ("Here it is.", "0")
    assert file["media_url"] == PICTURE_LINK


async def test_a_file_alone_needs_no_text(rig: Rig) -> None:
    await rig.say("", files=[PICTURE])
    (file,) = rig.twilio.messages
    assert file["media_url"] == PICTURE_LINK


@pytest.mark.parametrize(("thread", "file"), [(GERMAN, PICTURE), (f"{OURS}/{THEIRS}", PDF)])
async def test_what_mms_does_not_carry_goes_as_a_link(rig: Rig, thread: str, file: Attachment) -> None:
    await rig.say("", files=[file], thread=thread)
    assert [one["body"] for one in rig.twilio.messages] == [f"{file.name}: {LINK.format(id=file.id)}"]


async def test_whatsapp_takes_files_everywhere(rig: Rig) -> None:
    await rig.say("", files=[PDF], thread=f"{WHATSAPP_OURS}/{WHATSAPP_THEIRS}")
    assert rig.twilio.messages[-1]["media_url"] == LINK.format(id="f2")


async def test_without_a_public_address_it_says_that_there_is_a_file(tmp_path: Path) -> None:
    async with running(tmp_path, public_url=None) as rig:
        await rig.say("", files=[PICTURE], locale="de-AT")
        assert rig.twilio.sent() == ['Die Datei "ticket.png" kann hier nicht gesendet werden.']


async def test_a_file_that_is_gone_from_the_store_is_told(rig: Rig) -> None:
    await rig.around.files.delete(PICTURE.storage_key)
    await rig.say("See:", files=[PICTURE, PDF], locale="fr")
    assert rig.twilio.sent() == [
        "See:",
        'Le fichier "ticket.png" ne peut pas être envoyé ici.',
        f"invoice.pdf: {LINK.format(id='f2')}",
    ]


async def test_what_was_said_of_a_file_that_is_gone_is_said_once(rig: Rig) -> None:
    await rig.around.files.delete(PICTURE.storage_key)
    (payload,) = rig.payloads("", files=[PICTURE])
    rig.twilio.faults.append("lost answer")
    with pytest.raises(OutcomeUnknown):
        await rig.send(payload)
    rig.clock.move(6)
    assert await rig.outcome(payload) is not None


async def test_a_file_that_twilio_refuses_goes_as_a_link(rig: Rig) -> None:
    rig.twilio.account.refused_media.add(PICTURE_LINK)
    await rig.say("", files=[PICTURE])
    assert rig.twilio.sent() == [f"ticket.png: {PICTURE_LINK}"]


async def test_a_file_that_fails_later_is_followed_by_a_link_once(rig: Rig) -> None:
    (receipt,) = await rig.say("", files=[PICTURE])
    form = rig.twilio.report(receipt.provider_id or "", "undelivered", 30019)
    for _ in range(2):
        assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 200
    assert rig.twilio.sent()[1:] == [f"ticket.png: {PICTURE_LINK}"]
    assert rig.sink.new == [], "what the customer has by a link is no dead letter"


async def test_two_reports_of_a_failed_file_at_once_send_one_link(rig: Rig) -> None:
    (receipt,) = await rig.say("", files=[PICTURE])
    form = rig.twilio.report(receipt.provider_id or "", "undelivered", 30019)
    reports = [asyncio.create_task(rig.twilio.deliver(form, "/webhooks/twilio/status")) for _ in range(3)]
    waiting = set(reports)
    async with asyncio.timeout(PATIENCE):
        while waiting:
            done, waiting = await asyncio.wait(waiting, timeout=0.1)
            rig.clock.move(0.0 if done else 0.6)  # those who were not the first look again
    assert [(await one)[0] for one in reports] == [200, 200, 200]
    assert rig.twilio.sent()[1:] == [f"ticket.png: {PICTURE_LINK}"]
    assert rig.sink.new == []


async def test_a_report_that_is_faster_than_the_answer_brings_the_link_all_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twilio reports from the moment on in which it has the message, whether or not we have read its answer."""
    remember, told = rig.store.remember, False

    async def reported_meanwhile(channel: str, account: str, key: str, value: str) -> None:
        nonlocal told
        if rig.twilio.messages and not told and key.startswith("file/"):
            told = True
            form = rig.twilio.report(rig.twilio.messages[-1]["sid"], "undelivered", 30019)
            assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 200
        await remember(channel, account, key, value)

    monkeypatch.setattr(rig.store, "remember", reported_meanwhile)
    (receipt,) = await rig.say("", files=[PICTURE])
    assert told
    assert rig.twilio.sent()[1:] == [f"ticket.png: {PICTURE_LINK}"]
    assert not receipt.tracked, "what is reported of the file makes no dead letter of what came by a link"


async def test_a_report_that_looks_for_the_file_just_before_it_is_noted_is_no_dead_letter(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember, recall = rig.store.remember, rig.store.recall
    looked, noted = asyncio.Event(), asyncio.Event()
    reports: list[asyncio.Task[tuple[int, bytes]]] = []

    async def report_looks_first(channel: str, account: str, key: str, value: str) -> None:
        if key.startswith("file/") and not reports:
            form = rig.twilio.report(rig.twilio.messages[-1]["sid"], "undelivered", 30019)
            reports.append(asyncio.create_task(rig.twilio.deliver(form, "/webhooks/twilio/status")))
            await looked.wait()
        await remember(channel, account, key, value)

    async def answered_late(channel: str, account: str, key: str) -> str | None:
        found = await recall(channel, account, key)
        if key.startswith("file/") and not looked.is_set():
            looked.set()
            await noted.wait()
        return found

    monkeypatch.setattr(rig.store, "remember", report_looks_first)
    monkeypatch.setattr(rig.store, "recall", answered_late)
    (receipt,) = await rig.say("", files=[PICTURE])
    assert receipt.tracked
    noted.set()
    assert (await reports[0])[0] == 200
    assert rig.twilio.sent()[1:] == [f"ticket.png: {PICTURE_LINK}"]
    assert rig.sink.new == []


async def test_a_link_that_may_have_gone_before_a_crash_is_not_sent_twice_but_reported(rig: Rig) -> None:
    (receipt,) = await rig.say("", files=[PICTURE])
    sid = receipt.provider_id or ""
    await rig.store.remember("sms", SID, f"file/{sid}", f"taken/{rig.clock.now().isoformat()}")
    rig.clock.move(61)
    form = rig.twilio.report(sid, "undelivered", 30019)
    assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 200
    assert len(rig.twilio.messages) == 1
    (report,) = rig.sink.new
    assert isinstance(report, DeliveryReported)
    assert report.status is ReceiptStatus.FAILED


async def test_a_file_that_fails_later_and_has_no_link_is_a_dead_letter(rig: Rig) -> None:
    (receipt,) = await rig.say("", files=[PICTURE])
    rig.twilio.faults.append("500")
    form = rig.twilio.report(receipt.provider_id or "", "undelivered", 30019)
    assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 200
    (report,) = rig.sink.new
    assert isinstance(report, DeliveryReported)
    assert report.status is ReceiptStatus.FAILED


async def test_a_file_that_arrived_needs_no_link(rig: Rig) -> None:
    (receipt,) = await rig.say("", files=[PICTURE])
    sid = receipt.provider_id or ""
    assert await rig.remembered(f"file/{sid}") is not None
    await rig.twilio.deliver(rig.twilio.report(sid, "delivered"), "/webhooks/twilio/status")
    assert await rig.remembered(f"file/{sid}") is None


async def test_the_outcome_of_a_file_can_be_asked(rig: Rig) -> None:
    (payload,) = rig.payloads("", files=[PICTURE])
    rig.twilio.faults.append("lost answer")
    with pytest.raises(Exception, match="did not answer"):
        await rig.send(payload)
    rig.clock.move(6)
    found = await rig.outcome(payload)
    assert found is not None
    assert found.provider_id == rig.twilio.messages[-1]["sid"]
