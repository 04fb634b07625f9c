"""A file of staff's that the hub does not take: the thread says why, in the staff's language, and what can be done instead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.attachments.fetching import FetchService
from core.attachments.file_store import FileStore
from core.attachments.media_type import AttachmentPolicy
from core.domain.attachments import AttachmentRef
from core.domain.errors import Rejected
from core.domain.messages import StaffAction
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.desk_parts import DeskParts
from handoff.slack_desk import SlackDesk
from handoff.texts import languages, say
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import HOME, Agent, OfficeHours
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry
from tests.unit.core.test_fetching import Provider, Stream

LARGEST = 2048
REFUSED = {
    "setup.exe": (b"MZ\x90\x00", "Programme", "Link"),
    "logo.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', "SVG", "PNG"),
    "empty.txt": (b"", "leer", "Inhalt"),
    "large.txt": (b"x" * (LARGEST + 1), "2 kB", "Link"),
    "photo.png": (b"%PDF-1.7\n%%EOF", "Endung", "speichern"),
    "odd.bin": (bytes(range(256)), "Art", "PDF"),
}
"""What is in them, and the words by which staff know why, and what to do."""


class SlackFiles(Provider):
    """Slack, with what stands in the files of the thread."""

    name = "slack"

    async def fetch(self, ref: AttachmentRef) -> Stream:
        """See Channel.fetch."""
        if self.failures:
            raise self.failures.pop(0)
        content = REFUSED[ref.name][0] if ref.name in REFUSED else b"fine"
        return OfKind(ref.name, content, None)


class OfKind(Stream):
    """Of no declared type, and perhaps with nothing in it."""

    def __init__(self, name: str, content: bytes, failure: Exception | None) -> None:
        super().__init__(name, content, failure)
        self.media_type = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it at once."""
        if self._content:
            yield self._content


class Room(OfficeHours):
    """Staff who read German send files to a customer who is theirs."""

    def __init__(self, store: SqlStore, clock: ManualClock, files: FileStore) -> None:
        self.provider = SlackFiles()
        channels: Any = {"slack": self.provider}
        self.fetching = FetchService(channels, store, files, clock, patience=3.0)
        super().__init__(store, clock, replace(SETTINGS, staff_locale="de", largest_file=LARGEST))
        self.turn = Turn(Agent(), SlackDesk(self.parts(store), self.settings), {}, CountedMetrics(), sorry)

    def parts(self, store: SqlStore) -> DeskParts:
        """With files."""
        return replace(super().parts(store), files=self.fetching.ensure)

    async def sends(self, text: str, *names: str) -> None:
        """Grace, in the thread."""
        refs = tuple(AttachmentRef(f"remote-{name}", name) for name in names)
        event = replace(self.from_staff(text), attachments=refs)
        (result,) = await self.store.accept([Acceptable(event)])
        assert not isinstance(result, Exception), result
        await self.works()

    async def remarks(self) -> list[str]:
        """What the thread says below."""
        return [one.text for one in await self.posts("remark")]

    async def came(self) -> list[tuple[str, list[str]]]:
        """What Grace wrote, as the customer has it."""
        said = await self.store.messages(HOME.conversation_id, limit=500)
        return [(one.text, [file.name for file in one.attachments]) for one in said if one.author == "staff"]


@pytest.fixture
async def room(store: SqlStore, clock: ManualClock, tmp_path: Path) -> Room:
    files = FileStore(tmp_path / "files", AttachmentPolicy(max_bytes=LARGEST))
    await files.start()
    made = Room(store, clock, files)
    await made.escalates()
    await made.press(StaffAction.CLAIM)
    return made


@pytest.mark.parametrize("name", REFUSED)
async def test_the_thread_says_why_and_what_to_do(room: Room, name: str) -> None:
    await room.sends("Here it is", name)
    (told,) = [text for text in await room.remarks() if name in text]
    _, why, instead = REFUSED[name]
    assert why in told
    assert instead in told
    assert "von Slack" not in told, "that is not what happened"
    assert await room.came() == [("Here it is", [])], "the words go to the customer all the same"


async def test_each_reason_is_told_once_with_its_files(room: Room) -> None:
    await room.sends("", "setup.exe", "notes.txt", "empty.txt", "odd.bin", "logo.svg")
    named = [[name for name in REFUSED if name in text] for text in await room.remarks()]
    assert [one for one in named if one] == [["setup.exe"], ["empty.txt"], ["odd.bin"], ["logo.svg"]]
    assert await room.came() == [("", ["notes.txt"])]


async def test_what_slack_does_not_give_can_be_sent_again(room: Room) -> None:
    room.provider.failures = [Rejected("Slack does not have the file (any more).")]
    await room.sends("", "notes.txt")
    assert await room.remarks() == [
        say("staff_did_claim", "de", name="Grace"),
        say("staff_file_lost", "de", name="notes.txt"),
    ]


async def test_a_turn_that_is_run_again_says_the_same(room: Room) -> None:
    """The first try had fetched the file and was lost before its commit."""
    refs = (AttachmentRef("remote-logo.svg", "logo.svg"),)
    await room.store.accept([Acceptable(replace(room.from_staff("See"), attachments=refs))])
    (state,) = await room.store.claim(1, 5.0, history=60)
    await room.turn.run(state)
    room.clock.move(60.0)
    await room.works()
    (told,) = [text for text in await room.remarks() if "logo.svg" in text]
    assert "SVG" in told


@pytest.mark.parametrize("language", sorted(languages()))
def test_it_is_said_in_every_language(language: str) -> None:
    reasons = ("file_program", "file_svg", "empty_file", "too_large", "file_mismatch", "file_type")
    said = {say(f"staff_refused_{one}", language, name="⟨it⟩", largest="2 kB") for one in reasons}
    assert len(said) == len(reasons)
    assert all("⟨it⟩" in one for one in said)
