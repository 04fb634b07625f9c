"""Files that are small and cost their reader much, or that are cut off or mislabelled. They are made when they are needed."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

from PIL import Image

from core.attachments.formats import DOCX
from tests.faults.attack.hostile_files import hostile_files
from tests.unit.attachments.files import zipped
from tests.unit.attachments.pictures import encoded, photographed, scanned


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


COSTLY: dict[str, tuple[str, Callable[[], bytes]]] = {
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


def gigabyte_archive() -> bytes:
    """A megabyte that unpacks to a gigabyte of zeros."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("sparse.csv", "w") as member:
        for _ in range(1024):
            member.write(bytes(2**20))
    return target.getvalue()
