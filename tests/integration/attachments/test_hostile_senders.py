"""A running hub whose customers send hostile files: they are answered, the hub does not grow, and nothing is left behind."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import psutil
import pytest

from tests.faults.attack.liveness import disk_use
from tests.faults.attack.stranger import Session, Stranger, stranger
from tests.fixtures.hub import MakeHub
from tests.integration.attachments.costly_files import COSTLY, gigabyte_archive
from tests.servers.hub import Hub
from tests.unit.attachments.files import PROGRAM, pdf, zipped
from tests.unit.core.eventually import eventually

_GROWTH = 50 * 2**20
"""Bytes by which the server's own process may grow, at its highest."""
_ANSWERED = 30.0
"""Seconds until a customer reads an answer, also where other customers' files are read at the same time."""
_AT_ONCE = 3
_DATABASE = 32 * 2**20
"""Bytes of disk for its log and for the texts of files."""
_MISLABELLED: Mapping[str, Callable[[], bytes]] = {
    "photo.png": lambda: PROGRAM,
    "invoice.pdf": lambda: zipped({"a.txt": b"x"}),
    "table.xlsx": pdf,
    "voice.ogg": pdf,
}


_COSTLY = ("nested archive", "document bomb", "100 million dots in PNG", "moving picture", "cut photo")
"""One of each kind; all are read in ``test_hostile_files.py``."""


def _files() -> dict[str, Callable[[], bytes]]:
    """By name, each with the ending of what it says it is."""
    found: dict[str, Callable[[], bytes]] = {"gigabyte.zip": gigabyte_archive}
    for name in _COSTLY:
        media_type, make = COSTLY[name]
        found[f"{name}{mimetypes.guess_extension(media_type)}"] = make
    return found


@pytest.mark.slow
async def test_hostile_files_are_answered_in_time_and_the_hub_does_not_grow(make_hub: MakeHub) -> None:
    hub = make_hub()
    async with stranger(hub) as customer:
        assert await _taken(customer, "plain.pdf", pdf()), "what every file needs is loaded by now"
        await eventually(lambda: not _calls_under_way(hub))
        disk, descriptors = disk_use(hub.data_dir), psutil.Process(hub.pid).num_fds()
        before = _start_measuring_peak(hub)
        room, sizes = asyncio.Semaphore(_AT_ONCE), []

        async def send(name: str, make: Callable[[], bytes]) -> None:
            async with room:
                content = await asyncio.to_thread(make)
                if await _taken(customer, name, content):
                    sizes.append(len(content))

        await asyncio.gather(*(send(name, make) for name, make in _files().items()))
        assert len(sizes) >= len(_COSTLY) - 1, "most of them are taken, and read"
        for name, make in _MISLABELLED.items():
            assert not await _taken(customer, name, make()), f"{name} is not what its name says"
        status, _ = await customer.upload(await customer.session() or {}, "gigabyte.txt", _gigabyte())
        assert status == 413, "it is refused while it is sent"
        customer.judge()
        await eventually(lambda: not _calls_under_way(hub))
        assert _peak(hub) - before < _GROWTH, f"it grew by {(_peak(hub) - before) / 2**20:.0f} MiB"
        assert disk_use(hub.data_dir) - disk < sum(sizes) + _DATABASE
        await eventually(lambda: psutil.Process(hub.pid).num_fds() <= descriptors + 5)


async def _taken(customer: Stranger, name: str, content: bytes) -> bool:
    """Whether the file was taken. A refusal comes in time, and so does the answer to what was taken."""
    session = await customer.session()
    assert session is not None
    async with asyncio.timeout(_ANSWERED):
        status, file = await customer.upload(session, name, content)
    if status != 200:
        assert status in (400, 413, 415, 422), (name, status, file)
        assert file["detail"].endswith("."), "a sentence for its sender"
        return False
    await customer.send_file(session, file["id"], "What does it say?")
    await eventually(lambda: _is_answered(customer, session), seconds=_ANSWERED)
    return True


async def _is_answered(customer: Stranger, session: Session) -> bool:
    await asyncio.sleep(0.2)  # nothing tells this client when an answer comes
    return await customer.is_answered(session)


async def _gigabyte() -> AsyncIterator[bytes]:
    for _ in range(1024):
        yield b"a" * 2**20


def _start_measuring_peak(hub: Hub) -> int:
    """The resident memory from which the kernel now takes the highest (proc_pid_clear_refs(5))."""
    Path(f"/proc/{hub.pid}/clear_refs").write_text("5")
    return _peak(hub)


def _peak(hub: Hub) -> int:
    """Bytes of resident memory of the server's own process, at its highest."""
    status = Path(f"/proc/{hub.pid}/status").read_text()
    (line,) = (one for one in status.splitlines() if one.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def _calls_under_way(hub: Hub) -> list[psutil.Process]:
    """Copies of the templates, each of which reads one file."""
    templates = psutil.Process(hub.pid).children()
    return [one for template in templates for one in template.children()]
