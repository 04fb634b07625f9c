"""Reads mail in confined processes, which run the functions at the end. Their answers are checked: a mail may have taken the
process over.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import accumulate
from typing import Final

from pydantic import TypeAdapter, ValidationError

from channels.email import letter, mime
from channels.email.letter import Files, Letter, named_files
from channels.email.part_file import PartFile
from channels.email.settings import MailRules
from channels.email.tokens import own_id
from core.domain.errors import CallFailed, ConfinedError, HubError, InvalidInput, Overloaded
from core.ports.confined import CallLimits, ConfinedCalls

_SECONDS: Final = 20.0
_CPU_SECONDS: Final = 10
_LETTER: Final = 4 * 1024 * 1024
_HEAD: Final = 64 * 1024
"""Bytes of the list of a mail's files."""
_LENGTH: Final = struct.Struct(">I")
_LETTERS: Final = TypeAdapter(Letter)
_FILES: Final = TypeAdapter(Files)
_RULES: Final = TypeAdapter(MailRules)
"""What goes in and out as JSON."""


class UnreadMail(HubError):
    """Reading a mail exceeded its limits, or its process died. A second try may succeed."""

    code = "mail_not_read"


class ConfinedMail:
    """Each call has a process of its own."""

    def __init__(self, calls: ConfinedCalls, rules: MailRules) -> None:
        self._calls = calls
        self._rules = _RULES.dump_json(rules)

    async def ready(self) -> None:
        """Start the process. Raises UnreadMail, and Overloaded."""
        await self._ask("ready", b"", 0)

    async def letter(self, body: bytes) -> Letter:
        """What a mail says. Raises InvalidInput for what is no e-mail, UnreadMail, and Overloaded where no process starts."""
        answer = await self._ask("read_letter", _packed(self._rules, body), _LETTER)
        try:
            found = _LETTERS.validate_json(answer)
        except (ValidationError, RecursionError):
            raise UnreadMail("The process that read the mail answered nonsense.") from None
        # The id decides which mail counts as known, so it is not left to a process that the mail may have taken over.
        author = found.author.address if found.author is not None else ""
        return replace(found, event_id=own_id(found.message_id, author, body))

    async def files(self, body: bytes) -> tuple[PartFile, ...]:
        """The files in a mail. Raises what `letter` raises."""
        answer = await self._ask("read_files", body, len(body) + _HEAD)
        try:
            head, data = _unpacked(answer)
            listed = _FILES.validate_json(head)
        except (ValidationError, RecursionError, struct.error):
            raise UnreadMail("The process that read the mail answered nonsense.") from None
        starts = accumulate((one.size for one in listed), initial=0)
        return tuple(
            PartFile(one.name, one.media_type, data[start : start + one.size])
            for one, start in zip(listed, starts, strict=False)
        )

    async def section(self, data: bytes, encoding: str) -> bytes:
        """One part of a mail, decoded. Raises what `letter` raises."""
        return await self._ask("decode_section", _packed(encoding.encode(), data), len(data) + _HEAD)

    async def _ask(self, function: str, payload: bytes, most: int) -> bytes:
        limits = CallLimits(wall_seconds=_SECONDS, cpu_seconds=_CPU_SECONDS, output_bytes=most)
        try:
            return await self._calls.call(f"{__name__}:{function}", payload, limits=limits)
        except CallFailed as error:
            if error.kind == InvalidInput.__name__:
                raise InvalidInput(error.detail) from None
            raise InvalidInput(f"{error.kind} while reading") from error
        except ConfinedError as error:
            raise UnreadMail(error.detail) from error
        except OSError as error:
            raise Overloaded(f"No process could be started that reads mail: {error.strerror}") from error


def ready(payload: bytes) -> bytes:
    """Do nothing. The call returns when the process has loaded its modules."""
    return b""


def read_letter(payload: bytes) -> bytes:
    """A `Letter` as JSON, of rules and a mail (`_packed`). Raises InvalidInput for what is no e-mail."""
    rules, body = _unpacked(payload)
    return _LETTERS.dump_json(letter.read(body, _RULES.validate_json(rules)))


def read_files(payload: bytes) -> bytes:
    """All files of a mail: their names, kinds and sizes as JSON, then their bytes (`_packed`). Raises InvalidInput."""
    files = mime.content(mime.opened(payload)).files
    return _packed(_FILES.dump_json(named_files(files)), b"".join(file.data for file in files))


def decode_section(payload: bytes) -> bytes:
    """A part's bytes as its sender had them, of its encoding and the part (`_packed`)."""
    encoding, data = _unpacked(payload)
    return mime.decoded(data, encoding.decode("ascii", "replace"))


def _packed(head: bytes, body: bytes) -> bytes:
    """Join two values into one payload."""
    return _LENGTH.pack(len(head)) + head + body


def _unpacked(payload: bytes) -> tuple[bytes, bytes]:
    """Split what `_packed` joined. Raises struct.error when it is too short."""
    (length,) = _LENGTH.unpack_from(payload)
    return payload[_LENGTH.size : _LENGTH.size + length], payload[_LENGTH.size + length :]
