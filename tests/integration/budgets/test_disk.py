"""Before the disk is full, files are refused and text is taken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from core.attachments.disk_room import DiskRoom
from core.attachments.file_store import FileStore
from core.clock import SystemClock
from core.domain.errors import NoRoom
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from tests.contract.stores.sayings import accept, said
from tests.fixtures.hub import MakeHub
from tests.integration.budgets.visitor import PROXIED, visitors
from tests.servers.small_disk import small_disk

MB = 1024 * 1024


async def _text(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b"words \n" * 146 + b"\n\n"


async def _put(files: FileStore, size: int) -> NoRoom | None:
    """The refusal, if it was one."""
    try:
        await files.put(_text(size), name="notes.txt", declared_type="text/plain")
    except NoRoom as error:
        return error
    return None


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def test_files_leave_the_reserve_to_messages() -> None:
    with small_disk(64) as disk:
        folder = disk.ballast.parent
        room = DiskRoom(folder, reserve=20 * MB)
        files = FileStore(folder / "attachments", room=room)
        await files.start()
        outcomes = [await _put(files, 4 * MB) for _ in range(20)]
        refused = [outcome for outcome in outcomes if outcome is not None]
        assert 5 <= len(refused) <= 16
        assert "Send your message without the file" in str(refused[0])
        assert (await room.measure()).free >= 20 * MB
        assert "stay free" in (await room.trouble(10 * MB) or "")
        url = f"sqlite:///{folder / 'hub.db'}"
        await migrate(url)
        store = SqlStore(url, SystemClock())
        await store.open()
        for number in range(200):
            await accept(store, said(f"e{number}", "words " * 1_000))
        await store.close()


async def test_uploads_at_once_keep_to_the_quota_too(tmp_path: Path) -> None:
    room = DiskRoom(tmp_path, quota=40 * MB)
    files = FileStore(tmp_path / "attachments", room=room)
    await files.start()
    outcomes = await asyncio.gather(*(_put(files, 2 * MB) for _ in range(30)))
    assert 0 < len([outcome for outcome in outcomes if outcome is not None]) < 30
    assert _size_of(tmp_path) <= 40 * MB


async def test_what_was_there_before_counts(tmp_path: Path) -> None:
    (tmp_path / "switchboard.db").write_bytes(b"\0" * 30 * MB)
    files = FileStore(tmp_path / "attachments", room=DiskRoom(tmp_path, quota=35 * MB))
    await files.start()
    assert await _put(files, MB) is not None


async def test_what_comes_while_the_folder_is_measured_first_waits_for_its_size(tmp_path: Path) -> None:
    (tmp_path / "switchboard.db").write_bytes(b"\0" * 30 * MB)
    for number in range(5_000):  # which take a while to look at
        (tmp_path / f"{number}").touch()
    files = FileStore(tmp_path / "attachments", room=DiskRoom(tmp_path, quota=35 * MB))
    await files.start()
    assert None not in await asyncio.gather(*(_put(files, MB) for _ in range(8)))


async def test_a_hub_on_a_full_disk_says_it_and_takes_text(make_hub: MakeHub, sqlite_url: str) -> None:
    environment = {**PROXIED, "DISK_QUOTA_BYTES": str(12 * MB)}
    hub = make_hub(database_url=sqlite_url, environment=environment)
    async with visitors(hub.url, "198.51.100.7") as (visitor,):
        assert (await visitor.call("GET", "/health/disk")).body["status"] == "ok"
        session = await visitor.session()
        answers = [await visitor.upload(session, MB) for _ in range(6)]
        refused = [answer for answer in answers if answer.status != 200]
        assert refused
        for answer in refused:
            assert (answer.status, answer.body["code"]) == (503, "unavailable")
            assert "without the file" in answer.body["detail"]
            assert "MB" not in answer.body["detail"], "how large and how full the disk is"
            assert int(answer.headers["Retry-After"]) > 0
        assert (await visitor.say(session, "Only words")).status in (200, 202)
        (hub.data_dir / "ballast").write_bytes(b"\0" * 12 * MB)
        hub.restart()
        health = (await visitor.call("GET", "/health")).body
        assert health["checks"]["disk"]["status"] == "degraded"
        assert set(health["checks"]["disk"]) == {"status", "latency_ms"}
        assert (await visitor.call("GET", "/health/ready")).status == 200
        assert (await visitor.say(await visitor.session(), "Still only words")).status in (200, 202)
