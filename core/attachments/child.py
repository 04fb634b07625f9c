"""The child process: one file on standard input, its text on standard output, then the end."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any

from core.attachments.confine import confine
from core.attachments.convert import convert
from core.attachments.limits import ExtractionLimits
from core.domain.errors import ExtractionFailed

_PASSWORD_WORDS = ("password", "encrypt")


def main(job: str) -> None:
    """``job`` is JSON: ``media_type`` and ``limits``. Writes one JSON line, then the text in UTF-8."""
    result = _keep_the_pipe()
    wanted: dict[str, Any] = json.loads(job)
    limits = ExtractionLimits(**wanted["limits"])
    warnings.simplefilter("ignore")
    isolation = confine(limits)
    header: dict[str, Any] = {"isolation": isolation}
    text = ""
    try:
        with os.fdopen(0, "rb", closefd=False) as file:
            text = convert(file, wanted["media_type"], limits)
    except BaseException as error:  # a converter may raise anything, up to RecursionError and MemoryError
        header["failed"] = _reason(error)
    header["truncated"] = len(text) > limits.output_chars
    _write(result, header, text[: limits.output_chars])


def _keep_the_pipe() -> int:
    """The pipe for the result under a number of its own; what libraries print goes nowhere, or it would be taken for text."""
    result, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)
    return result


def _reason(error: BaseException) -> str:
    """For the person who sent the file; a library's own words are seldom fit for that."""
    if isinstance(error, ExtractionFailed):
        return error.detail
    if isinstance(error, MemoryError):
        return "Reading the file took too much memory."
    causes = f"{type(error).__name__} {error} {error.__cause__ or error.__context__ or ''}".lower()
    if any(word in causes for word in _PASSWORD_WORDS):
        return "The file is protected by a password."
    return "The file could not be read; it may be damaged."


def _write(result: int, header: dict[str, Any], text: str) -> None:
    with os.fdopen(result, "wb") as pipe:
        pipe.write(json.dumps(header).encode() + b"\n")
        pipe.write(text.encode("utf-8", "replace"))
