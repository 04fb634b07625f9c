"""Mails that are too large to be loaded as a whole: what their writers say arrives, and no file vanishes without a word."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest
from sqlalchemy import func, select

from core.domain.attachments import AttachmentRef
from core.domain.errors import TooLarge
from core.domain.messages import MessageReceived
from core.storage.tables import inbound_event
from tests.integration.email_channel.rig import Rig, letter

_SMALL = b"%PDF-1.7 small" * 50
_LARGE = b"x" * 200_000


async def _heard(rig: Rig, mail: EmailMessage, **changes: int) -> MessageReceived:
    await rig.stop()
    await rig.start(largest_mail=20_000, **changes)
    await rig.office.deliver(mail, rig.address)
    await rig.write("The end", Subject="")
    event, _ = await rig.sink.messages(2)
    assert rig.sink.quarantined == []
    return event


async def _bytes(rig: Rig, ref: AttachmentRef) -> bytes:
    stream = await rig.channel.fetch(ref)
    return b"".join([chunk async for chunk in stream.chunks()])


async def test_the_text_of_a_large_mail_arrives_and_its_files_are_fetched_one_by_one(rig: Rig) -> None:
    mail = letter("Größe: see both files.", To=rig.address, Subject="Plans")
    mail.add_alternative("<p>Größe: see <b>both</b> files.</p>", subtype="html")
    mail.add_attachment(_SMALL, maintype="application", subtype="pdf", filename="März.pdf")
    mail.add_attachment(_LARGE, maintype="image", subtype="tiff", filename="scan.tiff")
    event = await _heard(rig, mail)
    assert event.text == "Plans\n\nGröße: see both files."
    assert event.sender.external_id == "ann@customer.example"
    small, large = event.attachments
    assert (small.name, small.media_type) == ("März.pdf", "application/pdf")
    assert (large.name, large.media_type) == ("scan.tiff", "image/tiff")
    assert 0.95 < (large.size or 0) / len(_LARGE) <= 1.0
    assert await _bytes(rig, small) == _SMALL
    assert await _bytes(rig, large) == _LARGE


async def test_a_text_that_is_attached_is_a_file(rig: Rig) -> None:
    mail = letter("See the table", To=rig.address, Subject="")
    mail.add_attachment("a;b\n" * 10_000, subtype="csv", filename="table.csv")
    mail.add_attachment("notes\n" * 10_000, subtype="plain", filename="notes.txt")
    event = await _heard(rig, mail)
    assert event.text == "See the table"
    assert [ref.name for ref in event.attachments] == ["table.csv", "notes.txt"]
    assert (await _bytes(rig, event.attachments[1])).replace(b"\r", b"") == b"notes\n" * 10_000


async def test_a_file_beyond_the_hubs_own_limit_is_refused_so_that_the_customer_is_told(rig: Rig) -> None:
    mail = letter("See the film", To=rig.address)
    mail.add_attachment(b"x" * 12_000_000, maintype="video", subtype="mp4", filename="film.mp4")
    event = await _heard(rig, mail)
    assert event.text.endswith("See the film")
    (ref,) = event.attachments
    with pytest.raises(TooLarge):
        await rig.channel.fetch(ref)


async def test_a_mail_that_is_one_large_file(rig: Rig) -> None:
    mail = letter("", To=rig.address, Subject="The scan")
    mail.set_content(_LARGE, maintype="image", subtype="tiff", filename="scan.tiff")
    event = await _heard(rig, mail)
    assert event.text == "The scan"
    (ref,) = event.attachments
    assert await _bytes(rig, ref) == _LARGE


async def test_an_endless_text_is_read_from_its_beginning(rig: Rig) -> None:
    event = await _heard(rig, letter("Hear me out.\n" + "word " * 100_000, To=rig.address, Subject=""))
    assert event.text.startswith("Hear me out.\nword word")
    assert event.attachments == ()


async def test_a_large_mail_answers_in_its_thread(rig: Rig) -> None:
    first = await rig.write("First")
    (before,) = await rig.sink.messages(1)
    mail = letter("And the scan", To=rig.address, Subject="Re: A question", In_Reply_To=first["Message-ID"])
    mail.add_attachment(_LARGE, maintype="image", subtype="tiff", filename="scan.tiff")
    event = await _heard(rig, mail)
    assert event.conversation == before.conversation
    assert event.text == "And the scan"


async def test_without_room_for_files_the_text_of_a_smaller_mail_is_read_and_its_file_fetched_later(rig: Rig) -> None:
    """What is kept of it in the database is small, too."""

    async def full() -> bool:
        return False

    await rig.stop()
    rig.around = replace(rig.around, has_room=full)
    await rig.start()
    mail = letter("See the scan", To=rig.address, Subject="")
    mail.add_attachment(b"x" * 400_000, maintype="image", subtype="tiff", filename="scan.tiff")
    await rig.office.deliver(mail, rig.address)
    (event,) = await rig.sink.messages(1)
    assert event.text == "See the scan"
    assert [ref.name for ref in event.attachments] == ["scan.tiff"]
    size = select(func.max(func.length(inbound_event.c.raw)))
    assert await rig.store.database.read(lambda connection: connection.scalar(size)) < 50_000
