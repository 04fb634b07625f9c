"""Bombs are recognised before they go off."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.attachments.archive import ExtractionLimits, inspect
from core.domain.errors import ExtractionFailed
from tests.unit.attachments.files import zipped

_LIMITS = ExtractionLimits(unpacked=20 * 1024 * 1024, members=20)


def test_an_ordinary_archive_passes() -> None:
    found = inspect(io.BytesIO(zipped({"a.txt": b"words", "b/c.txt": b"more"})), _LIMITS)
    assert [member.filename for member in found] == ["a.txt", "b/c.txt"]


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"bomb.txt": b"0" * 10 * 1024 * 1024}, "packed far more tightly"),
        ({"large.txt": b"0" * 21 * 1024 * 1024}, "too large"),
        ({"inner.zip": zipped({"a": b"x"})}, "another archive"),
        ({"INNER.TAR.GZ": b"x"}, "another archive"),
        ({f"{n}.txt": b"" for n in range(201)}, "more than 200"),
    ],
)
def test_what_could_harm_is_refused(members: dict[str, bytes], says: str) -> None:
    with pytest.raises(ExtractionFailed, match=says):
        inspect(io.BytesIO(zipped(members)), _LIMITS)


def test_broken_and_protected_archives_say_so() -> None:
    with pytest.raises(ExtractionFailed, match="broken"):
        inspect(io.BytesIO(zipped({"a.txt": b"words"})[:-10]), _LIMITS)
    content = bytearray(zipped({"a.txt": b"words"}, compression=zipfile.ZIP_STORED))
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    with pytest.raises(ExtractionFailed, match="password"):
        inspect(io.BytesIO(bytes(content)), _LIMITS)
