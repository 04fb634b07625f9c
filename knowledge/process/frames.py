"""The wire between two of our own processes: four bytes of length, then JSON. Never pickle: a frame can only be data."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO

Frame = dict[str, Any]

LENGTH = struct.Struct(">I")
MOST_BYTES = 512 * 1024 * 1024


class BrokenFrame(Exception):
    """The other side sent what is not a frame, or was cut off in the middle of one."""


def encode(frame: Mapping[str, Any]) -> bytes:
    """A frame ready to be written."""
    body = json.dumps(frame, ensure_ascii=True, separators=(",", ":")).encode()
    return LENGTH.pack(len(body)) + body


def decode(body: bytes) -> Frame:
    """A frame from what followed its length. Raises BrokenFrame."""
    try:
        frame = json.loads(body)
    except ValueError as error:
        raise BrokenFrame(str(error)) from error
    if not isinstance(frame, dict):
        raise BrokenFrame("a frame must be an object")
    return frame


def body_length(head: bytes, most: int = MOST_BYTES) -> int:
    """The length of the body that follows. Raises BrokenFrame for one that no frame of ours can have."""
    length = int(LENGTH.unpack(head)[0])
    if length > most:
        raise BrokenFrame(f"a frame of {length} bytes")
    return length


def read(stream: BinaryIO, most: int = MOST_BYTES) -> Frame | None:
    """The next frame; None when the other side has closed the pipe or died. Raises BrokenFrame."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    length = body_length(head, most)
    body = stream.read(length)
    return decode(body) if len(body) == length else None
