"""One mail that cannot be read stops no other: it is tried twice, kept with its bytes, and passed over from then on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from channels.email import letter as letters
from channels.email.confined import ConfinedMail, UnreadMail
from channels.email.settings import MailRules
from core.confined.runner import ConfinedRunner
from core.domain.errors import CallDied, InvalidInput, Overloaded
from core.ports.confined import DEFAULT, CallLimits
from tests.calls_here import CallsHere
from tests.hostile_mail import MAILS, PLACES, promising_tnef
from tests.integration.email_channel.rig import PostOffice, Rig, letter, rig_in
from tests.patience import PATIENCE
from tests.unit.email_channel.fixture import FOLDER

RULES = MailRules("support@example.com", "mx.example.com")
WHOLE = {name: make for name, make in MAILS.items() if name.partition(":")[0] not in PLACES}
"""Without those that differ in one value of their header: a process for each takes long, and they are measured elsewhere."""


@pytest.fixture
async def runner() -> AsyncIterator[ConfinedRunner]:
    runner = ConfinedRunner(("channels.email.confined",))
    yield runner
    await runner.close()


async def test_every_hostile_mail_is_read_or_refused_in_its_process(runner: ConfinedRunner) -> None:
    mail = ConfinedMail(runner, RULES)
    for name, make in {**WHOLE, "promises": lambda _size: promising_tnef()}.items():
        body = make(100_000)
        refused = ""
        try:
            found = await mail.letter(body)
            assert found == letters.read(body, RULES), name
            files = await mail.files(body)
            assert [(one.name, len(one.data)) for one in files] == [(one.name, one.size) for one in found.files], name
        except InvalidInput as error:
            refused = error.detail
        assert "while reading" not in refused, (name, refused)


async def test_the_process_reads_what_this_one_would(runner: ConfinedRunner) -> None:
    mail = ConfinedMail(runner, RULES)
    for path in sorted(FOLDER.glob("*.eml")):
        body = path.read_bytes()
        assert await mail.letter(body) == letters.read(body, RULES), path.name
    assert await mail.section(b"SGVsbG8=\r\n", "base64") == b"Hello"
    with pytest.raises(InvalidInput, match="no header"):
        await mail.letter(b"nothing")


class Says(CallsHere):
    """A process that was taken over, and answers what it likes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        return self._answer


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b"[" * 100_000, b"\x00\x00\x00\x02{}", b"\xff\xff\xff\xffx"])
async def test_an_answer_that_is_none_is_the_mails_fault(answer: bytes) -> None:
    mail = ConfinedMail(Says(answer), RULES)
    with pytest.raises(UnreadMail):
        await mail.letter(b"")
    with pytest.raises(UnreadMail):
        await mail.files(b"")


async def test_values_that_a_mail_may_not_have_are_refused(runner: ConfinedRunner) -> None:
    good = await runner.call("channels.email.confined:read_letter", _packed(letter("Hello").as_bytes()))
    for before, after in (
        (b"ann@customer.example", b"ann@customer.example\\r\\nBcc: x@y.example"),
        (b'"subject":"A question"', b'"subject":"' + b"x" * 501 + b'"'),
        (b'"files":[]', b'"files":[{"name":"a","media_type":"b","size":-1}]'),
        (b'"answers":[]', b'"answers":["x"]'),
    ):
        assert before in good
        with pytest.raises(UnreadMail):
            await ConfinedMail(Says(good.replace(before, after)), RULES).letter(b"")


def _packed(body: bytes) -> bytes:
    rules = b'{"account":"support@example.com"}'
    return len(rules).to_bytes(4, "big") + rules + body


class Dies(CallsHere):
    """Its process ends whenever it reads a mail with these words; ``hangs``: so does the hub's own, as far as is seen."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.begun = 0
        self.hangs = hangs
        self.reached = asyncio.Event()

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        if b"This kills" in payload:
            self.begun += 1
            self.reached.set()
            if self.hangs:
                await asyncio.Event().wait()
            raise CallDied("The program that reads it stopped.")
        return await super().call(function, payload, file=file, limits=limits)


async def test_a_mail_that_ends_its_process_twice_is_put_aside_and_the_next_one_is_read(
    tmp_path: Path, office: PostOffice
) -> None:
    async with rig_in(tmp_path, office) as rig:
        calls = _with_calls(rig, Dies())
        await rig.start()
        mail = await rig.write("This kills", Subject="")
        await rig.write("Good day", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["Good day"]
        assert (calls.begun, len(rig.sink.quarantined)) == (2, 1)
        assert mail.as_bytes() in rig.sink.put_aside[0].body.replace(b"\r\n", b"\n"), "it is kept as it came"
        await rig.stop()
        await rig.start()
        await rig.write("Good night", Subject="")
        assert [event.text for event in await rig.sink.messages(1)] == ["Good night"]
        assert (calls.begun, rig.sink.quarantined) == (2, []), "it is not taken up again"
        await rig.stop()


async def test_a_mail_over_which_the_hub_died_twice_is_not_read_a_third_time(
    tmp_path: Path, office: PostOffice
) -> None:
    async with rig_in(tmp_path, office) as rig:
        await rig.start()
        await rig.stop()
        await rig.write("This kills", Subject="")
        await rig.write("Good day", Subject="")
        around = rig.around
        for _ in range(2):
            calls = Dies(hangs=True)
            rig.around = replace(around, confined=calls, memory=Killed(rig))
            await rig.start()
            async with asyncio.timeout(PATIENCE):
                await calls.reached.wait()
            await rig.stop()
        calls = Dies(hangs=True)
        rig.around = replace(around, confined=calls)
        await rig.start()
        assert [event.text for event in await rig.sink.messages(1)] == ["Good day"]
        assert rig.sink.quarantined == ["The hub stopped twice while it read this mail."]
        assert b"This kills" in rig.sink.put_aside[0].body
        assert calls.begun == 0
        await rig.stop()


async def test_stopping_in_order_and_a_machine_in_trouble_are_not_the_mails_fault(
    tmp_path: Path, office: PostOffice
) -> None:
    async with rig_in(tmp_path, office) as rig:
        await rig.start()
        await rig.stop()
        await rig.write("This kills", Subject="")
        around = rig.around
        for _ in range(3):
            calls = Dies(hangs=True)
            rig.around = replace(around, confined=calls)
            await rig.start()
            async with asyncio.timeout(PATIENCE):
                await calls.reached.wait()
            await rig.stop()
        short = NoProcesses()
        rig.around = replace(around, confined=short)
        await rig.start()
        async with asyncio.timeout(PATIENCE):
            await short.enough.wait()
        assert rig.sink.quarantined == []
        await rig.stop()
        rig.around = around
        await rig.start()
        assert [event.text for event in await rig.sink.messages(1)] == ["This kills"]
        await rig.stop()


async def test_no_process_to_be_had_is_said_as_what_it_is() -> None:
    with pytest.raises(Overloaded):
        await ConfinedMail(NoProcesses(), RULES).letter(b"x")


class NoProcesses(CallsHere):
    """A machine that starts no process any more."""

    def __init__(self) -> None:
        self._asked = 0
        self.enough = asyncio.Event()

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        if payload:
            self._asked += 1
            if self._asked == 3:
                self.enough.set()
            raise OSError(11, "Resource temporarily unavailable")
        return b""


class Killed:
    """A memory that hears nothing of an end in order: what is left when the process is killed."""

    def __init__(self, rig: Rig) -> None:
        self._store = rig.store

    async def replace(self, channel: str, account: str, key: str, old: str | None, new: str) -> bool:
        return key.startswith("place/") or await self._store.replace(channel, account, key, old, new)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def _with_calls(rig: Rig, calls: Dies) -> Dies:
    rig.around = replace(rig.around, confined=calls)
    return calls
