"""Pictures that hold text, and documents made of them, drawn on the spot."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import reportlab
from PIL import Image, ImageDraw, ImageFont

_FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
INVOICE = "INVOICE 4711\nTotal: 42.50 EUR\nDue on 3 May"


def drawn(text: str = INVOICE, size: tuple[int, int] = (1200, 400)) -> Image.Image:
    """Black on white, as large as a phone would take it."""
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).text((40, 60), text, font=ImageFont.truetype(_FONT, 48), fill="black")
    return picture


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """``kind``: as Pillow calls the format."""
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def photographed(text: str = INVOICE) -> bytes:
    """A JPEG that lies on its side, as phones keep it, with the place where it was taken."""
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn it right
    exif.get_ifd(0x8825)[1] = "N"  # GPSLatitudeRef
    exif[0x010F] = "Camera maker"
    return encoded(drawn(text).transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)


def scanned(*pages: str | None, kind: str = "PDF") -> bytes:
    """A PDF of pictures: a page for each text; None is a page without any."""
    first, *rest = [drawn(page or "", (1200, 1600)) for page in pages]
    return encoded(first, kind, save_all=True, append_images=rest)
