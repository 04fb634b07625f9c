"""A turn gets the text of a file, or goes on without it; never an exception, never for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from core.attachments.extraction_service import ExtractionService
from core.attachments.known_texts import KnownTexts
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.errors import ExtractionFailed, ModelError, StoreUnavailable, Unreachable
from core.ports.extractor import AttachmentStore
from core.ports.store import Records
from tests.unit.core.eventually import eventually

_FILE = Attachment("f1", "a.txt", "text/plain", 5, "0" * 64, "ab/cd")
_SENDER = "address"


class _Records:
    """The two calls that the service makes, with the rows in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, Attachment] = {"f1": _FILE}
        self.ended: list[str] = []
        self.down = False

    async def attachment(self, attachment_id: str) -> tuple[str, Attachment] | None:
        if self.down:
            raise StoreUnavailable("down")
        row = self.rows.get(attachment_id)
        return ("c1", row) if row else None

    async def set_extraction(
        self, attachment_id: str, status: ExtractionStatus, text: str | None, error: str | None
    ) -> None:
        if self.down:
            raise StoreUnavailable("down")
        self.rows[attachment_id] = replace(self.rows[attachment_id], extraction=status, text=text, error=error)
        if status is not ExtractionStatus.PENDING:
            self.ended.append(attachment_id)


class _Files:
    def __init__(self) -> None:
        self.error: Exception | None = None

    async def local_path(self, attachment: Attachment) -> Path:
        if self.error:
            raise self.error
        return Path("/nowhere") / attachment.storage_key

    def open(self, attachment: Attachment) -> AsyncIterator[bytes]:
        raise AssertionError("not asked for")


class _Extractor:
    """Gives what it was told to, once it is let go."""

    def __init__(self, result: str | Exception = "words") -> None:
        self.result = result
        self.calls = 0
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def extract(self, path: Path, *, name: str, media_type: str) -> str:
        self.calls += 1
        self.asked.set()
        await self.go.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def _service(
    extractor: _Extractor, records: _Records | None = None, files: _Files | None = None, patience: float = 20
) -> ExtractionService:
    store = cast(AttachmentStore, files or _Files())
    return ExtractionService(cast(Records, records or _Records()), store, extractor, patience=patience)


async def test_the_text_is_used_and_recorded() -> None:
    records, extractor = _Records(), _Extractor()
    ready = await _service(extractor, records).ensure(_FILE, _SENDER)
    assert (ready.extraction, ready.text) == (ExtractionStatus.READY, "words")
    assert records.rows["f1"] == ready


async def test_the_upload_and_the_turn_share_one_reading() -> None:
    extractor = _Extractor()
    extractor.go.clear()
    service = _service(extractor)
    service.begin(_FILE, _SENDER)
    service.begin(_FILE, _SENDER)
    waiting = asyncio.create_task(service.ensure(_FILE, _SENDER))
    await asyncio.sleep(0)
    extractor.go.set()
    assert (await waiting).text == "words"
    assert extractor.calls == 1


async def test_what_another_process_recorded_is_not_read_again() -> None:
    records, extractor = _Records(), _Extractor()
    records.rows["f1"] = replace(_FILE, extraction=ExtractionStatus.READY, text="from elsewhere")
    assert (await _service(extractor, records).ensure(_FILE, _SENDER)).text == "from elsewhere"
    assert extractor.calls == 0


async def test_a_reason_is_kept_when_there_is_no_text() -> None:
    records = _Records()
    failed = await _service(_Extractor(ExtractionFailed("It is broken.")), records).ensure(_FILE, _SENDER)
    assert (failed.extraction, failed.error, failed.text) == (ExtractionStatus.FAILED, "It is broken.", None)
    assert (await _service(_Extractor(""), _Records()).ensure(_FILE, _SENDER)).extraction is ExtractionStatus.EMPTY


async def test_an_error_that_nobody_foresaw_is_recorded_and_fails_no_turn() -> None:
    records = _Records()
    failed = await _service(_Extractor(KeyError("isolation")), records).ensure(_FILE, _SENDER)
    assert (failed.extraction, failed.text) == (ExtractionStatus.FAILED, None)
    assert records.rows["f1"] == failed


async def test_a_turn_does_not_wait_for_ever_and_the_work_goes_on() -> None:
    records, extractor = _Records(), _Extractor()
    extractor.go.clear()
    service = _service(extractor, records, patience=0.01)
    assert (await service.ensure(_FILE, _SENDER)).extraction is ExtractionStatus.PENDING
    extractor.go.set()
    await eventually(lambda: records.ended == ["f1"])
    assert (await service.ensure(_FILE, _SENDER)).text == "words"
    assert extractor.calls == 1


async def test_storage_that_is_down_leaves_the_file_for_later() -> None:
    records, files, extractor = _Records(), _Files(), _Extractor()
    files.error = Unreachable("down")
    service = _service(extractor, records, files)
    assert (await service.ensure(_FILE, _SENDER)).extraction is ExtractionStatus.PENDING
    assert records.rows["f1"].extraction is ExtractionStatus.PENDING
    files.error = None
    assert (await service.ensure(_FILE, _SENDER)).text == "words"


async def test_a_database_that_is_down_does_not_take_the_text_away() -> None:
    records = _Records()
    records.down = True
    assert (await _service(_Extractor(), records).ensure(_FILE, _SENDER)).text == "words"


async def test_stopping_ends_readings_and_starts_no_more() -> None:
    extractor = _Extractor()
    extractor.go.clear()
    service = _service(extractor)
    waiting = asyncio.create_task(service.ensure(_FILE, _SENDER))
    await extractor.asked.wait()
    await service.stop()
    assert (await waiting).extraction is ExtractionStatus.PENDING
    assert (await service.ensure(_FILE, _SENDER)).extraction is ExtractionStatus.PENDING
    service.begin(_FILE, _SENDER)
    assert extractor.calls == 1


async def test_a_turns_files_are_read_together() -> None:
    records = _Records()
    second = replace(_FILE, id="f2")
    records.rows["f2"] = second
    assert [file.id for file in await _service(_Extractor(), records).ensure_all((_FILE, second), _SENDER)] == [
        "f1",
        "f2",
    ]


async def test_a_file_over_which_the_hub_died_twice_is_put_aside() -> None:
    records = _Records()
    for _ in range(2):
        extractor = _Extractor()
        extractor.go.clear()
        dying = asyncio.create_task(_service(extractor, records).ensure(_FILE, _SENDER))
        await extractor.asked.wait()  # and no line of this process runs after that
        dying.cancel()
    last = _Extractor()
    failed = await _service(last, records).ensure(_FILE, _SENDER)
    assert (failed.extraction, last.calls) == (ExtractionStatus.FAILED, 0)
    assert failed.error == "The file was put aside: the hub stopped twice while it was read."
    assert records.rows["f1"] == failed


async def test_stopping_in_order_and_storage_that_is_down_are_not_the_files_fault() -> None:
    records, files = _Records(), _Files()
    files.error = Unreachable("down")
    for _ in range(3):
        assert (
            await _service(_Extractor(), records, files).ensure(_FILE, _SENDER)
        ).extraction is ExtractionStatus.PENDING
    for _ in range(3):
        extractor = _Extractor()
        extractor.go.clear()
        service = _service(extractor, records)
        waiting = asyncio.create_task(service.ensure(_FILE, _SENDER))
        await extractor.asked.wait()
        await service.stop()
        await waiting
    assert (await _service(_Extractor(), records).ensure(_FILE, _SENDER)).text == "words"


async def test_a_file_waits_behind_its_senders_others_and_not_behind_those_of_another() -> None:
    records, extractor = _Records(), _Extractor()
    records.rows |= {name: replace(_FILE, id=name) for name in ("f2", "f3", "f4")}
    extractor.go.clear()
    service = ExtractionService(
        cast(Records, records), cast(AttachmentStore, _Files()), extractor, patience=20, concurrency=1
    )
    for name in ("f1", "f2", "f3"):
        service.begin(records.rows[name], "hostile")
    await extractor.asked.wait()
    assert records.rows["f3"].error is None, "what only waits has not been tried"
    other = asyncio.create_task(service.ensure(records.rows["f4"], "ada"))
    for _ in range(20):  # until it has been looked up and waits
        await asyncio.sleep(0)
    extractor.go.set()
    assert (await other).text == "words"
    await eventually(lambda: records.ended == ["f1", "f4", "f2", "f3"])


async def test_the_same_content_is_read_once_whoever_sends_it() -> None:
    records, extractor = _Records(), _Extractor()
    again, other = replace(_FILE, id="f2", name="b.txt"), replace(_FILE, id="f3", sha256="1" * 64)
    records.rows |= {"f2": again, "f3": other}
    service = _service(extractor, records)
    for file in (_FILE, again, other):
        ready = await service.ensure(file, _SENDER)
        assert (ready.id, ready.text) == (file.id, "words")
    assert extractor.calls == 2


async def test_what_gave_no_text_is_read_again_when_it_is_sent_again() -> None:
    records, extractor = _Records(), _Extractor(ExtractionFailed("It is broken."))
    records.rows["f2"] = again = replace(_FILE, id="f2")
    service = _service(extractor, records)
    await service.ensure(_FILE, _SENDER)
    extractor.result = "words"
    assert (await service.ensure(again, _SENDER)).text == "words"


def test_known_texts_are_bounded_and_the_oldest_is_forgotten() -> None:
    known = KnownTexts(most=410)
    files = [replace(_FILE, sha256=str(number)) for number in range(4)]
    for file in files[:3]:
        known.put(file, "1234")
    assert [known.get(file) for file in files] == [None, "1234", "1234", None]
    known.put(files[3], "1" * 300)
    assert [known.get(file) for file in files] == [None] * 4


def test_a_file_without_text_is_known_too_and_counts() -> None:
    known = KnownTexts(most=410)
    files = [replace(_FILE, sha256=str(number)) for number in range(3)]
    for file in files:
        known.put(file, "")
        known.put(file, "")
    assert [known.get(file) for file in files] == [None, "", ""]


async def test_a_model_that_fails_now_leaves_the_file_for_later() -> None:
    records, extractor = _Records(), _Extractor(ModelError("503"))
    service = _service(extractor, records)
    assert (await service.ensure(_FILE, _SENDER)).extraction is ExtractionStatus.PENDING
    assert (records.rows["f1"], records.ended) == (_FILE, [])
    extractor.result = "words"
    assert (await service.ensure(_FILE, _SENDER)).text == "words"


async def test_what_models_read_waits_for_the_turn_that_needs_it_and_keeps_no_other_file_waiting() -> None:
    records, extractor = _Records(), _Extractor()
    photos = [replace(_FILE, id=f"p{number}", media_type="image/png", sha256=str(number)) for number in range(3)]
    records.rows |= {photo.id: photo for photo in photos}
    service = ExtractionService(
        cast(Records, records), cast(AttachmentStore, _Files()), extractor, concurrency=1, by_models=("image/",)
    )
    service.begin(photos[0], _SENDER)
    await asyncio.sleep(0)
    assert extractor.calls == 0
    extractor.go.clear()
    looking = [asyncio.create_task(service.ensure(photo, _SENDER)) for photo in photos]
    await eventually(lambda: extractor.calls == 3)
    reading = asyncio.create_task(service.ensure(_FILE, _SENDER))
    await eventually(lambda: extractor.calls == 4)
    extractor.go.set()
    assert [(await one).text for one in (*looking, reading)] == ["words"] * 4
