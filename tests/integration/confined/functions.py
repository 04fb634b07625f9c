"""What the tests have a confined child do."""

from __future__ import annotations

import contextlib
import io
import os
import time
from typing import BinaryIO


def reverse(payload: bytes) -> bytes:
    return payload[::-1]


def read_file(_payload: bytes, file: BinaryIO) -> bytes:
    return file.read()


def sleep_if_asked(_payload: bytes, file: BinaryIO) -> bytes:
    content = file.read()
    if content == b"sleep":
        time.sleep(600)
    return content


def run(payload: bytes) -> bytes:
    """Python code; the answer is what it prints."""
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        exec(payload.decode(), {})
    return shown.getvalue().encode()


def process(_payload: bytes) -> bytes:
    return str(os.getpid()).encode()


def parent(_payload: bytes) -> bytes:
    """The template process."""
    return str(os.getppid()).encode()
