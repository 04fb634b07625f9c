"""Files that are built to cost their reader more than their sender: limits hold in the child, and the hub does not grow."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from PIL import Image

from config import parts
from core.attachments.extract import ConfinedExtractor
from core.attachments.formats import DOCX
from core.attachments.media_type import AttachmentPolicy, identify
from core.domain.errors import ExtractionFailed, FileRefused
from core.ports.confined import ConfinedCalls
from tests.faults.attack.hostile_files import hostile_files
from tests.faults.attack.stranger import Session, Stranger, stranger
from tests.servers.hub import Hub
from tests.unit.attachments.files import PNG, PROGRAM, pdf, written, zipped
from tests.unit.attachments.pictures import drawn, encoded, photographed, scanned
from tests.unit.core.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

_GROWTH = 50 * 2**20
"""Bytes by which the process that takes files in may grow."""
_WIDE = AttachmentPolicy(max_bytes=2 * 2**30)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls() -> AsyncIterator[ConfinedCalls]:
    async with AsyncExitStack() as closing:
        yield parts.make_confined(closing).files


@pytest.fixture
def extractor(calls: ConfinedCalls) -> ConfinedExtractor:
    return ConfinedExtractor(calls)


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


def _nested_archive() -> bytes:
    """Each level holds the one below it ten times."""
    content = zipped({"a.txt": bytes(1_000_000)})
    for level in range(5):
        content = zipped({f"{level}-{number}.zip": content for number in range(10)})
    return content


def _bomb() -> bytes:
    return zipped({f"{number}.txt": b" " * 20_000_000 for number in range(6)})


def _frames() -> bytes:
    """A small file of many large images."""
    first, *rest = [Image.new("P", (3_000, 3_000), number) for number in range(20)]
    return encoded(first, "GIF", save_all=True, append_images=rest)


def _huge_header() -> bytes:
    """A PNG that claims 2,000 million dots and holds none."""
    content = bytearray(encoded(Image.new("1", (8, 8)), "PNG"))
    content[16:24] = (50_000).to_bytes(4, "big") + (40_000).to_bytes(4, "big")
    return bytes(content)


_MADE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nested archive": ("application/zip", _nested_archive),
    "archive bomb": ("application/zip", _bomb),
    "pages that are their own parents": ("application/pdf", lambda: hostile_files()["recursive.pdf"]),
    "PDF bomb": ("application/pdf", lambda: hostile_files()["bomb.pdf"]),
    "document bomb": (DOCX, lambda: hostile_files()["bomb.docx"]),
    "100 million dots in PNG": ("image/png", lambda: encoded(Image.new("1", (10_000, 10_000)), "PNG")),
    "100 million dots in TIFF": (
        "image/tiff",
        lambda: encoded(Image.new("1", (10_000, 10_000)), "TIFF", compression="group4"),
    ),
    "more dots than there are bytes": ("image/png", _huge_header),
    "moving picture": ("image/gif", _frames),
    "a line of dots": ("image/png", lambda: encoded(Image.new("1", (60_000, 1)), "PNG")),
    "cut photo": ("image/jpeg", lambda: photographed()[:2_000]),
    "cut scan": ("application/pdf", lambda: scanned("words")[:5_000]),
    "cut document": (DOCX, lambda: hostile_files()["broken.docx"]),
    "noise": ("image/jpeg", lambda: random.Random(7).randbytes(200_000)),
}
_GIVE_TEXT = {"moving picture", "archive bomb"}
"""What may be read all the same; the rest is refused with a reason."""


@pytest.mark.slow
@pytest.mark.parametrize("name", _MADE)
async def test_a_hostile_file_ends_in_words_or_a_reason_and_the_reader_does_not_grow(
    extractor: ConfinedExtractor, tmp_path: Path, name: str
) -> None:
    media_type, make = _MADE[name]
    path = written(tmp_path, "f", make())
    before = _resident()
    try:
        text = await extractor.extract(path, name="f", media_type=media_type)
    except ExtractionFailed as error:
        text, reason = "", error.detail
    else:
        reason = "It has no text."
    assert reason.endswith("."), "a sentence for its sender"
    assert name in _GIVE_TEXT or text == ""
    assert len(text) <= 210_000
    assert _resident() - before < _GROWTH


async def test_a_photo_of_100_million_dots_is_read_small(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    large = drawn(size=(2_400, 2_400)).convert("L").resize((10_000, 10_000))
    path = written(tmp_path, "f", encoded(large, "JPEG", quality=50))
    before = _resident()
    assert "INVOICE 4711" in await extractor.extract(path, name="f", media_type="image/jpeg")
    small = Image.open(io.BytesIO(await extractor.shrink(path)))
    assert max(small.size) == 1568
    assert _resident() - before < _GROWTH


def _sparse(folder: Path, head: bytes) -> Path:
    path = written(folder, "sparse", head)
    with path.open("r+b") as file:
        file.truncate(2**30)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("film.mp4", b"\x00\x00\x00\x18ftypisom"),
        ("letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("paper.pdf", b"%PDF-1.7\n"),
        ("table.csv", b"a,b\n" * 20_000),
        ("photo.png", PNG),
        ("files.zip", b"PK\x03\x04"),
    ],
)
async def test_a_gigabyte_of_nothing_costs_neither_memory_nor_patience(
    extractor: ConfinedExtractor, tmp_path: Path, name: str, head: bytes
) -> None:
    path = _sparse(tmp_path, head)
    before = _resident()
    with suppress(FileRefused, ExtractionFailed):
        media_type = identify(path, name=name, declared_type=None, policy=_WIDE)
        await extractor.extract(path, name=name, media_type=media_type)
    assert _resident() - before < _GROWTH


@pytest.mark.parametrize(
    ("name", "content"),
    [("photo.png", PROGRAM), ("invoice.pdf", zipped({"a.txt": b"x"})), ("table.xlsx", pdf()), ("voice.ogg", pdf())],
)
async def test_what_is_not_what_its_name_says_is_refused_before_it_is_read(
    tmp_path: Path, name: str, content: bytes
) -> None:
    with pytest.raises(FileRefused, match=r"is not what its name says|is a program"):
        identify(written(tmp_path, "f", content), name=name, declared_type=None, policy=AttachmentPolicy())


@pytest.mark.slow
async def test_who_sends_hostile_files_is_answered_and_the_hub_does_not_grow(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    await asyncio.to_thread(hub.start)
    sent = {"a.png": _MADE["100 million dots in PNG"], "b.zip": _MADE["nested archive"], "c.pdf": _MADE["PDF bomb"]}
    try:
        async with stranger(hub) as customer:
            assert await _answered(customer, "plain.pdf", pdf()), "what every file needs is loaded by now"
            before = psutil.Process(hub.pid).memory_info().rss
            for name, (_, make) in sent.items():
                assert await _answered(customer, name, make())
            status, _ = await customer.upload((await customer.session()) or {}, "d.txt", b"a" * (11 * 2**20))
            assert status == 413
            assert psutil.Process(hub.pid).memory_info().rss - before < _GROWTH
    finally:
        await asyncio.to_thread(hub.stop)


async def _answered(customer: Stranger, name: str, content: bytes) -> bool:
    session = await customer.session()
    assert session is not None
    status, file = await customer.upload(session, name, content)
    assert status == 200, file
    await customer.send_file(session, file["id"], "What does it say?")
    await eventually(lambda: _is_answered(customer, session))
    return True


async def _is_answered(customer: Stranger, session: Session) -> bool:
    await asyncio.sleep(0.5)  # how often one address may ask is limited
    return await customer.is_answered(session)
