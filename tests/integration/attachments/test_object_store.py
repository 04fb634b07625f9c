"""Attachments in a bucket, against a server that checks every signature."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestServer

from core.attachments.media_type import AttachmentPolicy
from core.attachments.object_store import ObjectStore, bucket_at
from core.domain.errors import InvalidInput, NotFound, Unreachable
from tests.integration.attachments.s3_server import S3Server
from tests.unit.attachments.files import PROGRAM, chunks, pdf


@pytest.fixture
async def s3() -> AsyncIterator[tuple[S3Server, str]]:
    server = S3Server()
    listening = TestServer(server.app(), host="127.0.0.1")
    await listening.start_server()
    yield server, str(listening.make_url("")).rstrip("/")
    await listening.close()


async def _store(
    folder: Path, s3: tuple[S3Server, str], *, secret: str | None = None, prefix: str = "a/b"
) -> ObjectStore:
    server, endpoint = s3
    key, shown = server.access_key, quote(secret or server.secret_key, safe="")
    url = f"s3://{key}:{shown}@{server.bucket}/{prefix}?endpoint={endpoint}&region=eu-central-1"
    store = ObjectStore(bucket_at(url), folder / "attachments-spool", AttachmentPolicy(max_bytes=40 * 1024 * 1024))
    await store.start()
    return store


def _left_behind(folder: Path) -> list[Path]:
    return list((folder / "attachments-spool" / "incoming").iterdir())


async def test_a_file_travels_to_the_bucket_and_back(tmp_path: Path, s3: tuple[S3Server, str]) -> None:
    store, content = await _store(tmp_path, s3), pdf()
    kept = await store.put(chunks(content), name="invoice.pdf", declared_type=None)
    assert s3[0].objects == {f"a/b/{kept.storage_key}": content}
    assert b"".join([chunk async for chunk in store.open(kept)]) == content
    assert s3[0].unsigned == []
    assert _left_behind(tmp_path) == []


async def test_a_large_file_goes_in_parts(tmp_path: Path, s3: tuple[S3Server, str]) -> None:
    store, content = await _store(tmp_path, s3), b"words and " * 1_400_000
    kept = await store.put(chunks(content, 1_000_000), name="large.txt", declared_type=None)
    assert s3[0].objects[f"a/b/{kept.storage_key}"] == content
    assert any("partNumber=2" in request for request in s3[0].requests)
    assert (await store.local_path(kept)).read_bytes() == content


async def test_a_local_copy_is_made_once_and_does_not_stay(tmp_path: Path, s3: tuple[S3Server, str]) -> None:
    store = await _store(tmp_path, s3)
    kept = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    path = await store.local_path(kept)
    fetched = len(s3[0].requests)
    assert await store.local_path(kept) == path
    assert len(s3[0].requests) == fetched
    os.utime(path, (0, 0))
    other = await store.put(chunks(b"other"), name="b.txt", declared_type=None)
    await store.local_path(other)
    assert not path.exists()


async def test_what_is_refused_never_reaches_the_bucket(tmp_path: Path, s3: tuple[S3Server, str]) -> None:
    store = await _store(tmp_path, s3)
    with pytest.raises(InvalidInput):
        await store.put(chunks(PROGRAM), name="invoice.pdf", declared_type=None)
    assert s3[0].requests == []
    assert _left_behind(tmp_path) == []


async def test_deleting_twice_is_no_error_and_then_it_is_not_found(tmp_path: Path, s3: tuple[S3Server, str]) -> None:
    store = await _store(tmp_path, s3)
    kept = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    await store.delete(kept.storage_key)
    await store.delete(kept.storage_key)
    assert s3[0].objects == {}
    with pytest.raises(NotFound):
        [chunk async for chunk in store.open(kept)]
    with pytest.raises(NotFound):
        await store.local_path(kept)


async def test_no_key_leads_out_of_the_prefix(tmp_path: Path, s3: tuple[S3Server, str]) -> None:
    store = await _store(tmp_path, s3)
    kept = await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    with pytest.raises(NotFound):
        await store.local_path(replace(kept, storage_key="../../other"))
    with pytest.raises(NotFound):
        await store.delete("../../other")


async def test_wrong_credentials_are_told_apart_from_silence_without_showing_them(
    tmp_path: Path, s3: tuple[S3Server, str]
) -> None:
    store = await _store(tmp_path, s3, secret="another-secret")
    with pytest.raises(Unreachable) as failed:
        await store.ping()
    assert s3[0].unsigned
    assert "another-secret" not in failed.value.detail
    assert s3[0].bucket in failed.value.detail
    with pytest.raises(Unreachable):
        await store.put(chunks(b"words"), name="a.txt", declared_type=None)
    assert _left_behind(tmp_path) == []


async def test_ping_writes(tmp_path: Path, s3: tuple[S3Server, str]) -> None:
    store = await _store(tmp_path, s3, prefix="")
    await store.ping()
    assert s3[0].requests[0].startswith("PUT ")
    s3[0].refuse = 403
    with pytest.raises(Unreachable):
        await store.ping()
