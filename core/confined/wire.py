"""Between the hub and its confined processes: four bytes of length, then JSON, then bytes whose number the JSON names."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

Frame = dict[str, Any]

LENGTH = struct.Struct(">I")
ORDER = struct.Struct(">cQ")
"""An order to the template process: its kind and the number of the call. Open files are sent along."""
CALL, KILL = b"C", b"K"
MOST_HEAD = 64 * 1024


class BrokenFrame(Exception):
    """The other side ended in the middle of a frame, or sent an invalid one."""


def encode(frame: Mapping[str, Any]) -> bytes:
    """A frame's length and JSON as bytes."""
    body = json.dumps(frame).encode()
    return LENGTH.pack(len(body)) + body


def body_length(head: bytes) -> int:
    """The length of the JSON that follows. Raises BrokenFrame."""
    length = int(LENGTH.unpack(head)[0])
    if length > MOST_HEAD:
        raise BrokenFrame(f"a head of {length} bytes")
    return length


def decode(body: bytes) -> Frame:
    """Raises BrokenFrame."""
    try:
        frame = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BrokenFrame(str(error)) from None
    if not isinstance(frame, dict):
        raise BrokenFrame("no object")
    return frame


def read_frame(descriptor: int) -> Frame:
    """Blocks. Raises BrokenFrame at the end."""
    return decode(read_exactly(descriptor, body_length(read_exactly(descriptor, LENGTH.size))))


def read_exactly(descriptor: int, size: int) -> bytes:
    """Blocks. Raises BrokenFrame when the other side ends before."""
    content = bytearray(size)
    rest = memoryview(content)
    while rest:
        count = os.readv(descriptor, [rest[: 1 << 20]])
        if not count:
            raise BrokenFrame("cut off")
        rest = rest[count:]
    return bytes(content)


def write_all(descriptor: int, content: bytes) -> None:
    """Blocks. Raises OSError when the other side is gone."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest[: 1 << 20]) :]
