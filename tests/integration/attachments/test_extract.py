"""Confined processes read real files; what cannot be read says why."""

from __future__ import annotations

import io
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import BinaryIO

import pytest
import pytest_asyncio

from config import parts
from core.attachments.extract import ConfinedExtractor
from core.attachments.formats import DOCX, XLSX
from core.domain.errors import CallDied, ConfinedError, ExtractionFailed
from core.ports.confined import DEFAULT, CallLimits, ConfinedCalls
from tests.servers import programs
from tests.unit.attachments.files import PNG, pdf, written, zipped
from tests.unit.attachments.pictures import drawn, encoded

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls() -> AsyncIterator[ConfinedCalls]:
    """As the hub has them; the readers of files are loaded once for this module."""
    async with AsyncExitStack() as closing:
        yield parts.make_confined(closing).files


@pytest.fixture
def extractor(calls: ConfinedCalls) -> ConfinedExtractor:
    return ConfinedExtractor(calls)


class _Answering:
    """Calls whose child answers whatever it likes."""

    def __init__(self, answer: bytes | ConfinedError) -> None:
        self.answer = answer
        self.called = False

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        self.called = True
        if isinstance(self.answer, ConfinedError):
            raise self.answer
        return self.answer


def _workbook() -> bytes:
    from openpyxl import Workbook

    book, target = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Plan", "Price"])
    sheet.append(["Team", 12])
    book.save(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type", "holds"),
    [
        ("a.pdf", pdf("Invoice total: 42.50 EUR"), "application/pdf", "42.50 EUR"),
        ("a.xlsx", _workbook(), XLSX, "| Team | 12 |"),
        ("a.txt", "Größe: 10 Stück, überprüft am Mittwoch. ".encode("cp1252") * 3, "text/plain", "überprüft"),
        ("a.html", b"<html><body><h1>Terms</h1><script>evil()</script></body></html>", "text/html", "# Terms"),
        ("a.csv", b"name,age\nAda,36\n", "text/csv", "| Ada | 36 |"),
        (
            "a.zip",
            zipped({"notes/read me.txt": b"inside the archive", "x.bin": b"\0"}),
            "application/zip",
            "inside the archive",
        ),
    ],
)
async def test_text_is_taken_out(
    extractor: ConfinedExtractor, tmp_path: Path, name: str, content: bytes, media_type: str, holds: str
) -> None:
    text = await extractor.extract(written(tmp_path, name, content), name=name, media_type=media_type)
    assert holds in text
    assert "evil" not in text


@pytest.mark.parametrize("media_type", ["image/heic", "audio/ogg", "video/mp4"])
async def test_recordings_and_pictures_that_nothing_opens_have_no_text_and_cost_no_process(
    tmp_path: Path, media_type: str
) -> None:
    calls = _Answering(b"")
    path = written(tmp_path, "a", PNG)
    assert await ConfinedExtractor(calls).extract(path, name="a", media_type=media_type) == ""
    assert not calls.called


@pytest.mark.parametrize(
    ("content", "media_type", "says"),
    [
        (b"%PDF-1.7 broken", "application/pdf", "damaged"),
        (b"PK\x03\x04 broken", DOCX, "broken"),
        (zipped({"a.zip": zipped({"b.txt": b"x"})}), "application/zip", "another archive"),
        (b"words", "application/vnd.rar", "No text can be read"),
    ],
)
async def test_what_cannot_be_read_says_why(
    extractor: ConfinedExtractor, tmp_path: Path, content: bytes, media_type: str, says: str
) -> None:
    with pytest.raises(ExtractionFailed, match=says):
        await extractor.extract(written(tmp_path, "f", content), name="f", media_type=media_type)


async def test_documents_and_pictures_in_an_archive_are_read_under_their_names(
    extractor: ConfinedExtractor, tmp_path: Path
) -> None:
    programs.tesseract()
    members = {
        "invoice.pdf": pdf("Invoice total: 42.50 EUR"),
        "plans.xlsx": _workbook(),
        "broken.docx": b"PK\x03\x04 broken",
        "liar.pdf": b"\x00" * 100,
        "photo.png": encoded(drawn(), "PNG"),
        "sound.mp3": b"ID3" + bytes(100),
        "last.txt": b"the last words",
    }
    path = written(tmp_path, "a.zip", zipped(members))
    text = await extractor.extract(path, name="a.zip", media_type="application/zip")
    parts = re.split(r"^## (?=\w+\.\w+$)", text, flags=re.MULTILINE)[1:]
    found = {part.partition("\n")[0].strip(): part for part in parts}
    assert list(found) == list(members)
    assert "42.50 EUR" in found["invoice.pdf"]
    assert "| Team | 12 |" in found["plans.xlsx"]
    assert "INVOICE 4711" in found["photo.png"]
    assert "the last words" in found["last.txt"]
    assert [found[name].strip() for name in ("broken.docx", "liar.pdf", "sound.mp3")] == [
        "broken.docx",
        "liar.pdf",
        "sound.mp3",
    ]


async def test_a_document_that_unpacks_to_far_more_is_refused(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    bomb = zipped({"word/document.xml": b"0" * 200_000_000})
    with pytest.raises(ExtractionFailed, match=r"too large|tightly"):
        await extractor.extract(written(tmp_path, "f", bomb), name="f", media_type=DOCX)


async def test_what_a_library_prints_is_not_taken_for_the_text(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    """xlrd prints its warnings about a damaged workbook on standard output."""
    broken = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 20 + b"\x03\x00\xfe\xff\x09\x00" + b"\x00" * 1500
    path = written(tmp_path, "a.xls", broken)
    with pytest.raises(ExtractionFailed, match="damaged"):
        await extractor.extract(path, name="a.xls", media_type="application/vnd.ms-excel")


async def test_bytes_that_are_no_text_and_a_nul_are_not_kept(tmp_path: Path) -> None:
    path = written(tmp_path, "f.txt", b"words")
    calls = _Answering(b"a\xed\xa0\x80\x00b")
    text = await ConfinedExtractor(calls).extract(path, name="f.txt", media_type="text/plain")
    assert set(text) == {"a", "\ufffd", "b"}


async def test_a_call_without_an_answer_is_a_failure_with_its_reason(tmp_path: Path) -> None:
    path = written(tmp_path, "f.txt", b"words")
    with pytest.raises(ExtractionFailed, match="it stopped"):
        await ConfinedExtractor(_Answering(CallDied("it stopped"))).extract(path, name="f", media_type="text/plain")


class _DyingOnce:
    """Calls whose first child dies after it has read."""

    def __init__(self) -> None:
        self.read: list[bytes] = []

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        assert file is not None
        self.read.append(os.read(file.fileno(), 100))
        if len(self.read) == 1:
            raise CallDied("it stopped")
        return b"words"


async def test_a_file_is_read_again_from_its_beginning_when_the_child_died(tmp_path: Path) -> None:
    path, calls = written(tmp_path, "f.txt", b"words"), _DyingOnce()
    assert await ConfinedExtractor(calls).extract(path, name="f.txt", media_type="text/plain") == "words"
    assert calls.read == [b"words", b"words"]


async def test_output_is_limited_and_says_so(calls: ConfinedCalls, tmp_path: Path) -> None:
    extractor = ConfinedExtractor(calls)
    path = written(tmp_path, "long.txt", b"word " * 50_000)
    text, _, note = (await extractor.extract(path, name="long.txt", media_type="text/plain")).partition("\n\n")
    assert text == ("word " * 40_000).strip()
    assert "only its first 200000 characters" in note
    short = written(tmp_path, "short.txt", b"word")
    assert await extractor.extract(short, name="short.txt", media_type="text/plain") == "word"
