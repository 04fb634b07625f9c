"""What the confined child does with a customer's file: open for reading in, text out."""

from __future__ import annotations

from typing import BinaryIO

from core.attachments.archive import ExtractionLimits
from core.attachments.convert import convert
from core.domain.errors import ExtractionFailed

_CUT = "The file goes on: only its first {chars} characters were read."
_PASSWORD_WORDS = ("password", "encrypt")


def read_text(payload: bytes, file: BinaryIO) -> bytes:
    """``payload``: the media type, and the languages of text in pictures. Answers the text, with a note where it was cut.

    Raises ExtractionFailed with a reason for the person who sent the file; MemoryError.
    """
    media_type, *languages = payload.decode().split()
    limits = ExtractionLimits(languages=tuple(languages))
    try:
        text = convert(file, media_type, limits)
    except MemoryError:
        raise
    except BaseException as error:  # a converter may raise anything, up to RecursionError
        raise ExtractionFailed(_reason(error)) from error
    if len(text) > limits.output_chars:
        text = f"{text[: limits.output_chars].strip()}\n\n[{_CUT.format(chars=limits.output_chars)}]"
    return text.encode("utf-8", "replace")


def _reason(error: BaseException) -> str:
    """A library's own words are seldom fit for people."""
    if isinstance(error, ExtractionFailed):
        return error.detail
    causes = f"{type(error).__name__} {error} {error.__cause__ or error.__context__ or ''}".lower()
    if any(word in causes for word in _PASSWORD_WORDS):
        return "The file is protected by a password."
    return "The file could not be read; it may be damaged."
