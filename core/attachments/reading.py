"""What the confined child does with a customer's file: open for reading in, text out."""

from __future__ import annotations

import json
from typing import BinaryIO

from core.attachments.archive import ExtractionLimits
from core.attachments.convert import convert
from core.domain.errors import ExtractionFailed

_PASSWORD_WORDS = ("password", "encrypt")


def read_text(payload: bytes, file: BinaryIO) -> bytes:
    """``payload`` is JSON: ``media_type`` and ``limits``. Answers JSON: ``text``, and ``truncated`` when the file goes on.

    Raises ExtractionFailed with a reason for the person who sent the file; MemoryError.
    """
    wanted = json.loads(payload)
    limits = ExtractionLimits(**wanted["limits"])
    try:
        text = convert(file, wanted["media_type"], limits)
    except MemoryError:
        raise
    except BaseException as error:  # a converter may raise anything, up to RecursionError
        raise ExtractionFailed(_reason(error)) from error
    cut = text[: limits.output_chars].encode("utf-8", "replace").decode()
    return json.dumps({"text": cut, "truncated": len(text) > limits.output_chars}, ensure_ascii=False).encode()


def _reason(error: BaseException) -> str:
    """A library's own words are seldom fit for people."""
    if isinstance(error, ExtractionFailed):
        return error.detail
    causes = f"{type(error).__name__} {error} {error.__cause__ or error.__context__ or ''}".lower()
    if any(word in causes for word in _PASSWORD_WORDS):
        return "The file is protected by a password."
    return "The file could not be read; it may be damaged."
