"""From a real mailbox: each mail once, in order, whatever ends in between."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

from channels.email.adapter import EmailChannel
from channels.email.imap import ImapConnection
from channels.email.tokens import event_id
from core.domain.errors import StoreUnavailable
from core.domain.messages import MessageReceived
from core.storage.store import SqlStore
from tests.integration.email_channel.clock import HeldClock
from tests.integration.email_channel.rig import ANN, PostOffice, Recorder, Rig, letter, post_office, rig_in, settings
from tests.patience import PATIENCE


async def test_a_mail_arrives_with_its_author_and_its_subject(rig: Rig) -> None:
    await rig.write("When are you open?")
    (event,) = await rig.sink.messages(1)
    assert event.text == "A question\n\nWhen are you open?"
    assert (event.sender.external_id, event.sender.display_name) == (ANN, "Ann Miller")
    assert not event.sender.verified


async def test_the_mailbox_is_left_as_it_is(rig: Rig) -> None:
    await rig.write()
    await rig.sink.messages(1)
    await rig.stop()
    with rig.office.dovecot.session(rig.address) as imap:
        imap.select("INBOX", readonly=True)
        assert imap.search(None, "SEEN") == ("OK", [b""])
    await rig.start()


async def test_mail_from_before_the_first_start_is_not_answered(tmp_path: Path, office: PostOffice) -> None:
    async with rig_in(tmp_path, office) as rig:
        await rig.write("Years ago")
        await rig.start()
        await rig.write("Today")
        (event,) = await rig.sink.messages(1)
        assert event.text.endswith("Today")
        await rig.stop()


async def test_what_came_while_the_hub_was_away_is_read_once_and_in_order(rig: Rig) -> None:
    await rig.write("0")
    await rig.sink.messages(1)
    await rig.stop()
    for number in range(1, 6):
        await rig.write(str(number), Subject="")
    await rig.start()
    later = await rig.sink.messages(5)
    assert [event.text for event in later] == ["1", "2", "3", "4", "5"]
    await rig.stop()
    await rig.start()
    await rig.write("6", Subject="")
    assert [event.text for event in await rig.sink.messages(1)] == ["6"]
    assert rig.sink.offered == 1


async def test_what_could_not_be_stored_is_read_again(rig: Rig) -> None:
    rig.sink.down = True
    await rig.write("Do not lose me", Subject="")
    await rig.sink.until(lambda sink: sink.refused > 1)
    assert rig.sink.new == []
    rig.sink.down = False
    await rig.write("Nor me", Subject="")
    assert {event.text for event in await rig.sink.messages(2)} == {"Do not lose me", "Nor me"}


async def test_mails_of_one_thread_that_come_together_stay_in_order(rig: Rig) -> None:
    mail = letter("0", Subject="", To=rig.address)
    await rig.office.deliver(mail, rig.address)
    await rig.sink.messages(1)
    for number in range(1, 6):
        await rig.write(str(number), Subject="", In_Reply_To=mail["Message-ID"])
        await rig.write("by the way", Subject="", From=f"other{number}@customer.example")
    found = [event for event in await rig.sink.messages(11) if event.sender.external_id == ANN]
    assert [event.text for event in found] == ["0", "1", "2", "3", "4", "5"], await rig.office.mails(rig.address)
    assert len({event.conversation for event in found}) == 1


async def test_a_folder_that_was_numbered_anew_is_read_again_without_a_second_answer(rig: Rig) -> None:
    await rig.write("first", Subject="")
    await rig.sink.messages(1)
    before = await _validity(rig)
    await rig.stop()
    while await _validity(rig) == before:  # Dovecot's numbering is its clock, in seconds
        rig.office.dovecot.renumber(rig.address)
        await asyncio.sleep(0.2)
    await rig.write("second", Subject="")
    await rig.start()
    assert [event.text for event in await rig.sink.messages(1)] == ["second"]
    await rig.write("third", Subject="")
    assert [event.text for event in await rig.sink.messages(2)] == ["second", "third"]
    assert rig.sink.offered == 3, "the first was offered again, and known"


async def test_a_lost_connection_is_made_again(tmp_path: Path) -> None:
    with post_office() as office:
        async with rig_in(tmp_path, office) as rig:
            await rig.start()
            await rig.write("before", Subject="")
            await rig.sink.messages(1)
            await asyncio.to_thread(office.dovecot.stop, signal.SIGKILL)
            await asyncio.to_thread(office.dovecot.start)
            await rig.write("after", Subject="")
            assert [event.text for event in await rig.sink.messages(2)] == ["before", "after"]
            assert rig.channel.alarm is None
            await rig.stop()


async def test_a_server_without_idle_is_polled(tmp_path: Path) -> None:
    with post_office(idle=False) as office:
        async with rig_in(tmp_path, office) as rig:
            connection = ImapConnection(settings(office, rig.address))
            await connection.open()
            assert not connection.can_idle
            await connection.close()
            await rig.start(poll_seconds=0.2)
            await rig.write("Polled", Subject="")
            assert [event.text for event in await rig.sink.messages(1)] == ["Polled"]
            await rig.stop()


async def test_several_folders_are_read(rig: Rig) -> None:
    await rig.stop()
    await rig.start(folders=("INBOX", "Orders"))
    mail = letter("About an order", Subject="").as_bytes()
    with rig.office.dovecot.session(rig.address) as imap:
        imap.append("Orders", "", "", mail)  # type: ignore[arg-type]
    await rig.write("In the inbox", Subject="")
    assert {event.text for event in await rig.sink.messages(2)} == {"About an order", "In the inbox"}


async def test_of_two_processes_one_reads(rig: Rig) -> None:
    other = EmailChannel(settings(rig.office, rig.address), replace(rig.around, process="p2"))
    sink = Recorder(rig.store, other)
    await other.start(sink)
    await rig.write("Only once", Subject="")
    await rig.sink.messages(1)
    assert sink.offered == 0
    await other.stop()


async def test_what_cannot_be_read_is_put_aside_and_reading_goes_on(rig: Rig) -> None:
    await rig.office.deliver(b"Subject: from nobody\r\n\r\nHello\r\n", rig.address)
    await rig.write("Still here", Subject="")
    assert [event.text for event in await rig.sink.messages(1)] == ["Still here"]
    assert len(rig.sink.quarantined) == 1


async def test_a_file_is_fetched_from_the_mailbox_even_after_it_was_numbered_anew(rig: Rig) -> None:
    mail = letter("See the file", To=rig.address)
    mail.add_attachment(b"%PDF-1.7 content", maintype="application", subtype="pdf", filename="Rechnung März.pdf")
    await rig.office.deliver(mail, rig.address)
    (event,) = await rig.sink.messages(1)
    (ref,) = event.attachments
    assert (ref.name, ref.media_type, ref.size) == ("Rechnung März.pdf", "application/pdf", 16)
    before = await _validity(rig)
    assert await _bytes(rig, event) == b"%PDF-1.7 content"
    await rig.stop()
    while await _validity(rig) == before:
        rig.office.dovecot.renumber(rig.address)
        await asyncio.sleep(0.2)
    assert await _bytes(rig, event) == b"%PDF-1.7 content"
    await rig.start()


async def _bytes(rig: Rig, event: MessageReceived) -> bytes:
    stream = await rig.channel.fetch(event.attachments[0])
    return b"".join([chunk async for chunk in stream.chunks()])


async def _validity(rig: Rig) -> int:
    connection = ImapConnection(settings(rig.office, rig.address))
    try:
        await connection.open()
        return (await connection.select("INBOX")).validity
    finally:
        await connection.close()


class ForgetsPlaces:
    """A memory that goes away when the place is to be moved: what a kill between the commit and that write leaves."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.forgets = False
        self.asked = asyncio.Event()

    async def replace(self, channel: str, account: str, key: str, old: str | None, new: str) -> bool:
        if self.forgets and key.startswith("place/"):
            self.asked.set()
            raise StoreUnavailable("Gone.")
        return await self._store.replace(channel, account, key, old, new)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_killed_between_the_commit_and_the_place_nothing_is_answered_twice(
    tmp_path: Path, office: PostOffice
) -> None:
    async with rig_in(tmp_path, office) as rig:
        memory = ForgetsPlaces(rig.store)
        rig.around = replace(rig.around, memory=memory)
        await rig.start()
        memory.forgets = True
        mail = await rig.write("Only once", Subject="")
        (first,) = await rig.sink.messages(1)
        async with asyncio.timeout(PATIENCE):
            await memory.asked.wait()
        await rig.stop()
        memory.forgets = False
        await rig.start()
        await rig.write("Next", Subject="")
        (second,) = await rig.sink.messages(1)
        assert rig.sink.offered == 2, "the first was read again"
        assert (first.text, second.text) == ("Only once", "Next")
        noted = await rig.store.recall("email", rig.address, f"mid/{event_id(mail['Message-ID'])}")
        assert (noted or "").startswith(f"{first.conversation.thread} began ")
        await rig.stop()


async def test_a_mailbox_that_cannot_be_reached_is_tried_until_it_can_and_says_so(tmp_path: Path) -> None:
    with post_office() as office:
        clock = HeldClock()
        async with rig_in(tmp_path, office, clock) as rig:
            await rig.start()
            await rig.write("before", Subject="")
            await rig.sink.messages(1)
            await asyncio.to_thread(office.dovecot.stop)
            await clock.slept()
            assert rig.channel.alarm == "the mailbox cannot be read"
            await asyncio.to_thread(office.dovecot.start)
            await rig.write("during", Subject="")
            clock.move(600)
            assert [event.text for event in await rig.sink.messages(2)] == ["before", "during"]
            await rig.stop()
