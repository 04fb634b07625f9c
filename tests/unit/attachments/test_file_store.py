"""Files are complete or not there, and nobody gets at another's."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.attachments.file_store import FileStore
from core.attachments.media_type import AttachmentPolicy
from core.attachments.object_store import bucket_at
from core.domain.errors import ConfigError, InvalidInput, NotFound, TooLarge, Unreachable
from tests.recordings import M4A, MOV, OGG
from tests.unit.attachments.files import PROGRAM, chunks, pdf


@pytest.fixture
async def store(tmp_path: Path) -> FileStore:
    opened = FileStore(tmp_path / "attachments", AttachmentPolicy(max_bytes=50_000))
    await opened.start()
    return opened


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_put_can_be_opened(store: FileStore) -> None:
    content = pdf()
    kept = await store.put(chunks(content), name="../in voice.pdf", declared_type="application/pdf")
    assert (kept.name, kept.media_type, kept.size) == ("in voice.pdf", "application/pdf", len(content))
    assert kept.sha256 == hashlib.sha256(content).hexdigest()
    assert b"".join([chunk async for chunk in store.open(kept)]) == content
    assert (await store.local_path(kept)).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content", "kept"),
    [
        ("ME0123", OGG, "ME0123.ogg"),
        ("voice.oga", OGG, "voice.oga"),
        ("Aufnahme vom 3.5", M4A, "Aufnahme vom 3.5.m4a"),
        ("film.MOV", MOV, "film.MOV"),
        ("invoice", pdf(), "invoice"),
    ],
)
async def test_a_recording_has_an_ending_that_players_know(
    store: FileStore, name: str, content: bytes, kept: str
) -> None:
    assert (await store.put(chunks(content), name=name, declared_type=None)).name == kept


async def test_the_same_file_twice_is_two_files(store: FileStore) -> None:
    first = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    second = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    assert len({first.id, second.id, first.storage_key, second.storage_key}) == 4
    await store.delete(first.storage_key)
    assert b"".join([chunk async for chunk in store.open(second)]) == b"words"


@pytest.mark.parametrize("content", [PROGRAM, b"", b"x" * 50_001])
async def test_what_is_refused_leaves_nothing_behind(store: FileStore, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidInput):
        await store.put(chunks(content), name="invoice.pdf", declared_type=None)
    assert _files(tmp_path) == []


async def test_the_limit_is_enforced_while_receiving(store: FileStore) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 10_000
            yield b"x" * 10_000

    with pytest.raises(TooLarge, match="kB"):
        await store.put(endless(), name="big.txt", declared_type=None)
    assert taken == 60_000


async def test_a_file_of_exactly_the_limit_is_taken(store: FileStore) -> None:
    assert (await store.put(chunks(b"x" * 50_000), name="a.txt", declared_type=None)).size == 50_000


async def test_an_upload_that_breaks_off_leaves_nothing_behind(store: FileStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"some"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken(), name="a.txt", declared_type=None)
    assert _files(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing_behind(store: FileStore, tmp_path: Path) -> None:
    started = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield b"some"
        started.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.put(stalled(), name="a.txt", declared_type=None))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _files(tmp_path) == []


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "/etc/passwd", "ab/../../x", "", "ab/" + "a" * 32, "AB/AB" + "a" * 30]
)
async def test_no_key_leads_out_of_the_folder(store: FileStore, key: str) -> None:
    kept = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    with pytest.raises(NotFound):
        await store.local_path(replace(kept, storage_key=key))
    with pytest.raises(NotFound):
        await store.delete(key)


async def test_a_file_that_is_gone_is_not_found(store: FileStore) -> None:
    kept = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    await store.delete(kept.storage_key)
    await store.delete(kept.storage_key)
    with pytest.raises(NotFound):
        await store.local_path(kept)
    with pytest.raises(NotFound):
        [chunk async for chunk in store.open(kept)]


async def test_abandoned_uploads_are_swept_and_fresh_ones_kept(store: FileStore, tmp_path: Path) -> None:
    incoming = tmp_path / "attachments" / "incoming"
    old, fresh = incoming / "old", incoming / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    await store.start()
    assert not old.exists()
    assert fresh.exists()


async def test_files_are_private_to_the_hub(store: FileStore) -> None:
    kept = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    assert (await store.local_path(kept)).stat().st_mode & 0o077 == 0


async def test_ping_says_when_files_cannot_be_written(store: FileStore, tmp_path: Path) -> None:
    await store.ping()
    (tmp_path / "attachments" / "incoming").rmdir()
    with pytest.raises(Unreachable):
        await store.ping()
    blocked = tmp_path / "blocked"
    blocked.write_bytes(b"a file, not a folder")
    with pytest.raises(Unreachable):
        await FileStore(blocked / "attachments").start()


def test_a_location_is_read_and_its_secret_not_shown() -> None:
    bucket = bucket_at("s3://key:se%2Fcret@bucket/a/b/?endpoint=https://s3.example.com&region=eu-central-1")
    assert (bucket.config["bucket"], bucket.prefix, bucket.config["region"]) == ("bucket", "a/b", "eu-central-1")
    assert bucket.config["secret_access_key"] == "se/cret"
    assert "cret" not in repr(bucket)


@pytest.mark.parametrize(
    "url",
    ["/tmp/files", "https://bucket", "s3://", "s3://bucket?endpont=x", "s3://bucket?endpoint=x", "s3://key@bucket"],
)
def test_a_location_that_is_wrong_says_how_to_write_it(url: str) -> None:
    with pytest.raises(ConfigError, match="ATTACHMENTS_URL"):
        bucket_at(url)
