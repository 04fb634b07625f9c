"""What the tests have a confined child do."""

from __future__ import annotations

from typing import BinaryIO


def reverse(payload: bytes) -> bytes:
    return payload[::-1]


def read(payload: bytes, file: BinaryIO) -> bytes:
    return payload + file.read()


def run(payload: bytes) -> bytes:
    """Python code that leaves its answer in ``answer``."""
    space: dict[str, object] = {"answer": ""}
    exec(payload.decode(), space)
    return str(space["answer"]).encode()
