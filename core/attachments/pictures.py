"""Pictures and scanned pages, made small and read. Runs in the confined child only."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import BinaryIO

import pypdfium2  # type: ignore[import-untyped]
from PIL import AvifImagePlugin, Image, ImageOps

from core.attachments.archive import ExtractionLimits
from core.attachments.tesseract import INSTALLED, Tesseract, reader_for
from core.domain.errors import ExtractionFailed

_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
_SHOWN = 1_568
"""Dots of the longer side: endpoints of models make larger pictures that small themselves."""
_READ = 2_400
"""Dots of the longer side of what Tesseract reads: 200 to an inch on a page of A4."""
_QUALITY = 85
_LEAST = 3

Image.MAX_IMAGE_PIXELS = None  # what is opened is bounded below, after a JPEG was asked to come smaller
AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def shrink(_payload: bytes, file: BinaryIO) -> bytes:
    """The picture as a small JPEG, upright and without what its file says beside (place, camera, owner).

    Raises ExtractionFailed.
    """
    target = io.BytesIO()
    _opened(file, ExtractionLimits(), "RGB", _SHOWN).save(target, "JPEG", quality=_QUALITY)
    return target.getvalue()


def read_picture(file: BinaryIO, limits: ExtractionLimits) -> str:
    """The text in a picture; of a moving one in its first image. Raises ExtractionFailed."""
    return _read(_opened(file, limits, "L", _READ), reader_for(limits))


def read_scan(file: BinaryIO, limits: ExtractionLimits) -> str:
    """The text in those pages of a PDF that are pictures, as many as there is time for, each under its number."""
    if not INSTALLED:
        return ""
    file.seek(0)
    reader = reader_for(limits)
    parts: list[str] = []
    with pypdfium2.PdfDocument(file) as document:
        for place, page in enumerate(document, start=1):
            if page.get_textpage().count_chars():
                continue
            text = None
            if not limits.is_late and len(parts) < limits.pages:
                with suppress(ExtractionFailed):  # it became late meanwhile
                    scale = _READ / max(*page.get_size(), 1.0)
                    text = _read(page.render(scale=scale, grayscale=True).to_pil().convert("L"), reader)
            if text is None:
                parts.append(f"[Page {place} and what follows are pictures that were not read.]")
                break
            parts.append(f"## Page {place}\n\n{text}" if text else "")
    return "\n\n".join(part for part in parts if part)


def _opened(file: BinaryIO, limits: ExtractionLimits, mode: str, longest: int) -> Image.Image:
    picture = Image.open(file, formats=_FORMATS)
    picture.draft(mode, (longest, longest))  # a JPEG is read at an eighth of its size where that is enough
    width, height = picture.size
    if width * height > limits.dots:
        raise ExtractionFailed(f"The picture is too large: it has {width * height // 10**6} million dots.")
    if min(width, height) < _LEAST:
        raise ExtractionFailed("The picture is too small to show anything.")
    picture.thumbnail((longest, longest), reducing_gap=2.0)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):  # more than 256 shades, which a conversion would cut off and not scale
        most = upright.convert("I").getextrema()[1] or 1
        upright = upright.convert("I").point(lambda dot: dot * 255 / most).convert("L")
    flat = Image.new("RGBA", upright.size, "white")
    flat.alpha_composite(upright.convert("RGBA"))
    return flat.convert(mode)


def _read(picture: Image.Image, reader: Tesseract) -> str:
    return reader.read(picture.tobytes(), *picture.size)
