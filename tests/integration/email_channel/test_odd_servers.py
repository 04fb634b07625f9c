"""Servers that do what the standard allows and others do not, and mails that a server cannot give."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from channels.email.folder_mail import MOST_CUT, MOST_REFUSED
from tests.integration.email_channel.clock import HastyClock
from tests.integration.email_channel.rig import PostOffice, Rig, letter, rig_in
from tests.servers.dovecot import PASSWORD
from tests.servers.imap_proxy import Moods, imap_proxy

_BODY = re.compile(r"UID FETCH (\d+) .*BODY\.PEEK\[\]")


@asynccontextmanager
async def _behind(office: PostOffice, folder: Path, moods: Moods) -> AsyncIterator[tuple[Rig, str]]:
    """A hub that is not started, and the address of its mailbox at the odd server."""
    async with (
        rig_in(folder, office, HastyClock()) as rig,
        imap_proxy(office.dovecot.imap_port, moods) as port,
    ):
        yield rig, f"imap://{quote(rig.address)}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"


def _no_next_number(line: bytes) -> bytes | None:
    return None if b"UIDNEXT" in line else line


async def test_a_server_that_does_not_tell_its_next_number_gets_no_answers_to_old_mail(
    tmp_path: Path, office: PostOffice
) -> None:
    async with _behind(office, tmp_path, Moods(answers=_no_next_number)) as (rig, url):
        await rig.write("Years ago", Subject="")
        await rig.write("Last week", Subject="")
        await rig.start(imap_url=url)
        await rig.write("Today", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["Today"]
        assert rig.sink.offered == 1
        await rig.stop()


async def test_an_empty_folder_of_such_a_server_is_read_from_its_first_mail(tmp_path: Path, office: PostOffice) -> None:
    async with _behind(office, tmp_path, Moods(answers=_no_next_number)) as (rig, url):
        await rig.start(imap_url=url)
        await rig.write("The first", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["The first"]
        await rig.stop()


async def test_a_mail_that_the_server_cannot_give_is_put_aside_and_the_folder_goes_on(
    tmp_path: Path, office: PostOffice
) -> None:
    asked: list[int] = []

    def refuses(command: str) -> str | None:
        found = _BODY.match(command)
        if found is None or found[1] != "1":
            return None
        asked.append(1)
        return "NO [SERVERBUG] Internal error occurred"

    async with _behind(office, tmp_path, Moods(refuses=refuses)) as (rig, url):
        await rig.start(imap_url=url)
        await rig.write("Broken on the disk", Subject="A bad sector")
        await rig.write("Still here", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["Still here"]
        (reason,) = rig.sink.quarantined
        assert "UID 1 in INBOX" in reason
        assert "Internal error occurred" in reason
        assert len(asked) == MOST_REFUSED, "tried again, and not for ever"
        assert b"A bad sector" in rig.sink.put_aside[0].body, "what is known of it is kept"
        assert rig.channel.alarm is None
        await rig.stop()


async def test_a_mail_that_comes_without_its_text_is_asked_for_again(tmp_path: Path, office: PostOffice) -> None:
    nothing = iter((True, True))

    def answers(line: bytes) -> bytes | None:
        found = re.match(rb"\* \d+ FETCH \(UID (\d+) BODY\[\] \{(\d+)\}\r\n", line)
        return line if found is None or not next(nothing, False) else line[: line.index(b"{")] + b"NIL)\r\n"

    async with _behind(office, tmp_path, Moods(answers=answers)) as (rig, url):
        await rig.start(imap_url=url)
        await rig.write("Only late", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["Only late"]
        assert rig.sink.quarantined == []
        await rig.stop()


async def test_a_mail_that_breaks_every_connection_does_not_hold_up_the_others(
    tmp_path: Path, office: PostOffice
) -> None:
    asked: list[int] = []

    def refuses(command: str) -> str | None:
        found = _BODY.match(command)
        if found is None or found[1] != "1":
            return None
        asked.append(1)
        return "cut"

    async with _behind(office, tmp_path, Moods(refuses=refuses)) as (rig, url):
        await rig.start(imap_url=url)
        await rig.write("Deadly", Subject="")
        await rig.write("Still here", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["Still here"]
        assert len(rig.sink.quarantined) == 1
        assert len(asked) == MOST_CUT
        await rig.stop()


async def test_a_large_mail_whose_parts_the_server_describes_oddly_does_not_hold_up_the_others(
    tmp_path: Path, office: PostOffice
) -> None:
    def answers(line: bytes) -> bytes | None:
        return re.sub(rb"BODYSTRUCTURE \(.*", rb'BODYSTRUCTURE ("TEXT"))\r', line)

    async with _behind(office, tmp_path, Moods(answers=answers)) as (rig, url):
        await rig.start(imap_url=url, largest_mail=20_000)
        await rig.write("x " * 20_000, Subject="Very long")
        await rig.write("Still here", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["Still here"]
        (reason,) = rig.sink.quarantined
        assert "IndexError" in reason
        assert b"Very long" in rig.sink.put_aside[0].body, "what is known of it is kept"
        await rig.stop()


async def test_all_files_of_a_mail_are_taken_out_of_it_at_once(tmp_path: Path, office: PostOffice) -> None:
    moods = Moods()
    async with _behind(office, tmp_path, moods) as (rig, url):
        await rig.start(imap_url=url)
        mail = letter("See the files", To=rig.address)
        for number in range(3):
            mail.add_attachment(b"%d" % number * 900, maintype="application", subtype="pdf", filename=f"{number}.pdf")
        await office.deliver(mail, rig.address)
        (event,) = await rig.sink.messages(1)
        moods.heard.clear()
        streams = [await rig.channel.fetch(ref) for ref in event.attachments]
        got = [b"".join([chunk async for chunk in stream.chunks()]) for stream in streams]
        assert got == [b"0" * 900, b"1" * 900, b"2" * 900]
        assert len([command for command in moods.heard if _BODY.match(command)]) == 1
        await rig.stop()
