"""Functions of the confined process: they turn a mail's bytes into what the hub needs."""

from __future__ import annotations

import struct
from typing import Final

from pydantic import TypeAdapter

from channels.email import letter, mime
from channels.email.letter import Files, Letter, named_files
from channels.email.settings import MailRules

_LENGTH: Final = struct.Struct(">I")
LETTERS: Final = TypeAdapter(Letter)
FILES: Final = TypeAdapter(Files)
RULES: Final = TypeAdapter(MailRules)
"""What goes in and out as JSON."""


def ready(payload: bytes) -> bytes:
    """Do nothing. The call returns when the process has loaded its modules."""
    return b""


def read_letter(payload: bytes) -> bytes:
    """A `Letter` as JSON, of rules and a mail (`packed`). Raises InvalidInput for what is no e-mail."""
    rules, body = unpacked(payload)
    return LETTERS.dump_json(letter.read(body, RULES.validate_json(rules)))


def read_files(payload: bytes) -> bytes:
    """All files of a mail: their names, kinds and sizes as JSON, then their bytes (`packed`). Raises InvalidInput."""
    files = mime.content(mime.opened(payload)).files
    return packed(FILES.dump_json(named_files(files)), b"".join(file.data for file in files))


def decode_section(payload: bytes) -> bytes:
    """A part's bytes as its sender had them, of its encoding and the part (`packed`)."""
    encoding, data = unpacked(payload)
    return mime.decoded(data, encoding.decode("ascii", "replace"))


def packed(head: bytes, body: bytes) -> bytes:
    """Join two values into one payload."""
    return _LENGTH.pack(len(head)) + head + body


def unpacked(payload: bytes) -> tuple[bytes, bytes]:
    """Split what `packed` joined. Raises struct.error when it is too short."""
    (length,) = _LENGTH.unpack_from(payload)
    return payload[_LENGTH.size : _LENGTH.size + length], payload[_LENGTH.size + length :]
