"""Files that are built to cost their reader more than their sender: limits hold in the child, and the hub does not grow."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from PIL import Image

from config import parts
from core.attachments import extract
from core.attachments.extract import ConfinedExtractor
from core.attachments.media_type import AttachmentPolicy, identify
from core.domain.errors import ExtractionFailed, FileRefused
from core.ports.confined import ConfinedCalls
from tests.integration.attachments.costly_files import COSTLY
from tests.unit.attachments.files import PNG, written
from tests.unit.attachments.pictures import drawn, encoded

pytestmark = pytest.mark.asyncio(loop_scope="module")

_GROWTH = 50 * 2**20
"""Bytes by which the process that takes files in may grow."""
_WIDE = AttachmentPolicy(max_bytes=2 * 2**30)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls() -> AsyncIterator[ConfinedCalls]:
    async with AsyncExitStack() as closing:
        yield parts.make_confined(closing).files


@pytest.fixture
def extractor(calls: ConfinedCalls, monkeypatch: pytest.MonkeyPatch) -> ConfinedExtractor:
    """With less processor time than in a hub, so that what never ends is ended soon."""
    monkeypatch.setattr(extract, "LIMITS", replace(extract.LIMITS, cpu_seconds=2))
    return ConfinedExtractor(calls)


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


_GIVE_TEXT = {"moving picture", "archive bomb"}
"""What may be read all the same; the rest is refused with a reason."""


@pytest.mark.slow
@pytest.mark.parametrize("name", COSTLY)
async def test_a_hostile_file_ends_in_words_or_a_reason_and_the_reader_does_not_grow(
    extractor: ConfinedExtractor, tmp_path: Path, name: str
) -> None:
    media_type, make = COSTLY[name]
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


async def test_a_photo_of_100_million_dots_is_read_small(calls: ConfinedCalls, tmp_path: Path) -> None:
    extractor = ConfinedExtractor(calls)
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
        file.truncate(2**28)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("film.mp4", b"\x00\x00\x00\x18ftypisom"),
        ("letter.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("paper.pdf", b"%PDF-1.7\n"),
        ("photo.png", PNG),
    ],
)
async def test_a_sparse_file_costs_neither_memory_nor_patience(
    extractor: ConfinedExtractor, tmp_path: Path, name: str, head: bytes
) -> None:
    path = _sparse(tmp_path, head)
    before = _resident()
    with suppress(FileRefused, ExtractionFailed):
        media_type = identify(path, name=name, declared_type=None, policy=_WIDE)
        await extractor.extract(path, name=name, media_type=media_type)
    assert _resident() - before < _GROWTH
