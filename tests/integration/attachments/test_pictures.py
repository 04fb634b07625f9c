"""Text in pictures and scans is read by the installed Tesseract, in the confined child that other files are read in."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import ClassVar

import pytest
import pytest_asyncio
from PIL import Image

from config import parts
from core.attachments.archive import ExtractionLimits
from core.attachments.convert import convert
from core.attachments.extract import ConfinedExtractor
from core.domain.errors import ExtractionFailed
from core.ports.confined import ConfinedCalls
from tests.servers import programs
from tests.unit.attachments.files import pdf, written, zipped
from tests.unit.attachments.pictures import INVOICE, drawn, encoded, photographed, scanned

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls() -> AsyncIterator[ConfinedCalls]:
    programs.tesseract()
    async with AsyncExitStack() as closing:
        yield parts.make_confined(closing).files


@pytest.fixture
def extractor(calls: ConfinedCalls) -> ConfinedExtractor:
    return ConfinedExtractor(calls, ("eng", "deu"))


def _words(text: str) -> list[str]:
    return text.split()


def _joined(*documents: bytes) -> bytes:
    """A PDF of the pages of all."""
    import pypdfium2

    joined, target = pypdfium2.PdfDocument.new(), io.BytesIO()
    for content in documents:
        joined.import_pages(pypdfium2.PdfDocument(content))
    joined.save(target)
    return target.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
async def test_text_in_a_picture_is_read(extractor: ConfinedExtractor, tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, "a", encoded(drawn(), kind))
    text = await extractor.extract(path, name="a", media_type=f"image/{kind.lower()}")
    assert _words(text) == _words(INVOICE)


async def test_an_invoice_as_photo_is_read_though_the_phone_was_held_sideways(
    extractor: ConfinedExtractor, tmp_path: Path
) -> None:
    text = await extractor.extract(written(tmp_path, "a", photographed()), name="a.jpg", media_type="image/jpeg")
    assert "Total: 42.50 EUR" in text


async def test_letters_of_another_language_are_read(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    path = written(tmp_path, "a", encoded(drawn("Rückgabe möglich für Käufer"), "PNG"))
    assert "Rückgabe möglich für Käufer" in await extractor.extract(path, name="a", media_type="image/png")


async def test_languages_that_are_not_installed_are_left_out(calls: ConfinedCalls, tmp_path: Path) -> None:
    path = written(tmp_path, "a", encoded(drawn(), "PNG"))
    for languages in (("xyz",), ("xyz", "eng"), ()):
        text = await ConfinedExtractor(calls, languages).extract(path, name="a", media_type="image/png")
        assert "INVOICE 4711" in text


async def test_of_a_moving_picture_the_first_image_is_read(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    moving = encoded(drawn("first words"), "GIF", save_all=True, append_images=[drawn("second words")] * 50)
    text = await extractor.extract(written(tmp_path, "a", moving), name="a", media_type="image/gif")
    assert text == "first words"


async def test_what_is_behind_a_transparent_picture_is_white(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    picture = drawn().convert("RGBA")
    picture.putdata([(0, 0, 0, 0 if red > 128 else 255) for red, *_ in picture.get_flattened_data()])
    text = await extractor.extract(written(tmp_path, "a", encoded(picture, "PNG")), name="a", media_type="image/png")
    assert "Total: 42.50 EUR" in text


async def test_a_picture_without_text_has_none(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    gradient = Image.linear_gradient("L").resize((800, 600))
    path = written(tmp_path, "a", encoded(gradient, "PNG"))
    assert await extractor.extract(path, name="a", media_type="image/png") == ""


async def test_the_pages_of_a_scan_are_read_under_their_numbers(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    path = written(tmp_path, "a.pdf", scanned(INVOICE, None, "Terms of delivery"))
    text = await extractor.extract(path, name="a.pdf", media_type="application/pdf")
    first, second = text.split("## Page 3")
    assert "## Page 1" in first
    assert "Total: 42.50 EUR" in first
    assert "Terms of delivery" in second


async def test_a_scanned_page_is_read_beside_pages_of_text(extractor: ConfinedExtractor, tmp_path: Path) -> None:
    path = written(tmp_path, "a.pdf", _joined(pdf("A cover letter"), scanned(INVOICE)))
    text = await extractor.extract(path, name="a.pdf", media_type="application/pdf")
    assert "A cover letter" in text
    assert "Total: 42.50 EUR" in text.split("## Page 2")[1]


class _LateAtAWord(ExtractionLimits):
    """Time goes by while a picture is read: there was some before it."""

    asked: ClassVar[int] = 0

    @property
    def is_late(self) -> bool:
        _LateAtAWord.asked += 1
        return _LateAtAWord.asked > 2


async def test_a_scanned_page_that_takes_too_long_takes_nothing_from_the_text(calls: ConfinedCalls) -> None:
    joined = io.BytesIO(_joined(pdf("A cover letter"), scanned(INVOICE, "Terms of delivery")))
    text = await asyncio.to_thread(convert, joined, "application/pdf", _LateAtAWord(languages=("eng",)))
    assert "A cover letter" in text
    assert text.endswith("[Page 2 and what follows are pictures that were not read.]")


async def test_many_pictures_in_an_archive_take_nothing_from_the_text_beside_them(
    extractor: ConfinedExtractor, tmp_path: Path
) -> None:
    members = {f"{place}.png": encoded(drawn(size=(40, 40)), "PNG") for place in range(60)}
    path = written(tmp_path, "a.zip", zipped({**members, "a.txt": b"words beside them"}))
    text = await extractor.extract(path, name="a.zip", media_type="application/zip")
    assert "words beside them" in text


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
async def test_a_scan_with_more_shades_of_grey_than_256_is_read(
    extractor: ConfinedExtractor, tmp_path: Path, kind: str
) -> None:
    grey = drawn().convert("I").point(lambda dot: dot * 257).convert("I;16")
    path = written(tmp_path, "a", encoded(grey, kind))
    text = await extractor.extract(path, name="a", media_type=f"image/{kind.lower()}")
    assert "Total: 42.50 EUR" in text
    dark, bright = Image.open(io.BytesIO(await extractor.shrink(path))).convert("L").getextrema()
    assert dark < 50 < 200 < bright


async def test_a_small_copy_is_upright_and_tells_nothing_of_its_owner(
    extractor: ConfinedExtractor, tmp_path: Path
) -> None:
    large = Image.open(io.BytesIO(photographed())).resize((3000, 9000))
    exif = Image.open(io.BytesIO(photographed())).getexif()
    path = written(tmp_path, "a", encoded(large, "JPEG", exif=exif))
    small = Image.open(io.BytesIO(await extractor.shrink(path)))
    assert (small.format, max(small.size)) == ("JPEG", 1568)
    assert small.width > small.height
    assert not small.getexif()


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + b"\x00" * 32, photographed()[:300], b""])
async def test_a_broken_picture_is_a_failure_with_its_reason(
    extractor: ConfinedExtractor, tmp_path: Path, content: bytes
) -> None:
    path = written(tmp_path, "a", content)
    with pytest.raises(ExtractionFailed, match="damaged"):
        await extractor.extract(path, name="a", media_type="image/png")
    with pytest.raises(ExtractionFailed):
        await extractor.shrink(path)
