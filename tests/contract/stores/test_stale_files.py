"""A file that was never sent goes after a day; one that was sent stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.attachments.file_store import FileStore
from core.attachments.stale_files import remove_stale
from core.domain.attachments import Attachment
from core.domain.errors import Unreachable
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, said, thread

_DAY = 86_400.0


async def _uploaded(store: SqlStore, files: FileStore, name: str) -> Attachment:
    async def content() -> AsyncIterator[bytes]:
        yield b"words"

    file = await files.put(content(), name=name, declared_type=None)
    await store.add_attachment(thread().conversation_id, file)
    return file


async def test_only_what_was_never_sent_goes(store: SqlStore, clock: ManualClock, tmp_path: Path) -> None:
    files = FileStore(tmp_path)
    await files.start()
    sent, forgotten = [await _uploaded(store, files, name) for name in ("sent.txt", "forgotten.txt")]
    await accept(store, said("e1", stored_attachments=(sent.id,)))
    assert await remove_stale(store, files, _DAY) == 0
    clock.move(_DAY + 1)
    fresh = await _uploaded(store, files, "fresh.txt")
    assert await remove_stale(store, files, _DAY) == 1
    assert await store.attachment(forgotten.id) is None
    assert not (tmp_path / forgotten.storage_key).exists()
    for kept in (sent, fresh):
        assert await store.attachment(kept.id) is not None
        assert (await files.local_path(kept)).read_bytes() == b"words"
    assert not await store.forget_attachment(sent.id), "a file in a message is nobody's to forget"


@BOTH_DATABASES
async def test_a_file_that_cannot_be_deleted_is_tried_again(
    store: SqlStore, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_key: str) -> None:
        raise Unreachable("the bucket is away")

    files = FileStore(tmp_path)
    await files.start()
    file = await _uploaded(store, files, "a.txt")
    clock.move(_DAY + 1)
    with monkeypatch.context() as broken:
        broken.setattr(files, "delete", away)
        assert await remove_stale(store, files, _DAY) == 0
    assert await store.attachment(file.id) is not None
    clock.move(_DAY + 1)
    assert await remove_stale(store, files, _DAY) == 1
    assert await store.attachment(file.id) is None
