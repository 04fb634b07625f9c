"""A file opened off the loop is closed, whatever happens to who wanted it."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from core.attachments.file_store import read_file
from core.attachments.opened import opened
from tests.patience import PATIENCE
from tests.unit.core.eventually import eventually


async def test_it_is_closed_when_the_reader_is_cancelled_while_it_is_being_opened(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    begun, go_on, files = threading.Event(), threading.Event(), list[BinaryIO]()

    def slow() -> BinaryIO:
        begun.set()
        go_on.wait(PATIENCE)
        files.append(path.open("rb"))
        return files[0]

    async def reader() -> None:
        async with opened(slow):
            pytest.fail("The reader was cancelled before.")

    task = asyncio.create_task(reader())
    await asyncio.to_thread(begun.wait, PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await eventually(lambda: bool(files) and files[0].closed)


async def test_it_is_closed_when_no_thread_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    files = list[BinaryIO]()
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda *args, **named: files.append(real(*args, **named)) or files[-1])
    chunks = read_file(path)
    await anext(chunks)
    release = threading.Event()
    blockers = [asyncio.create_task(asyncio.to_thread(release.wait, PATIENCE)) for _ in range(64)]
    await asyncio.sleep(0.05)
    next_one = asyncio.ensure_future(anext(chunks))
    await asyncio.sleep(0.05)
    next_one.cancel()
    with pytest.raises(asyncio.CancelledError):
        await next_one
    assert files[0].closed
    release.set()
    await asyncio.gather(*blockers)
