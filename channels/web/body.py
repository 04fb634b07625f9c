"""Reads request bodies within their limits: JSON at once, files as a stream."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any, cast

from aiohttp import BodyPartReader, MultipartReader, StreamReader, web
from aiohttp.hdrs import CONTENT_DISPOSITION
from aiohttp.http_exceptions import HttpProcessingError

from channels.web import parse
from channels.web.refusals import BadFrame, TooLong
from core.domain.attachments import human_size
from core.domain.errors import TooLarge

_CHUNK = 64 * 1024
_QUOTED_NAME = re.compile(r';\s*filename="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["\\])')
_MOST_LINES = 256
"""Of a form: its boundaries and the heads of its parts. A message with all its fields and files has some 60."""


async def read_json(request: web.Request, limit: int) -> tuple[dict[str, Any], bytes]:
    """The object and its exact bytes. Raises BadFrame or TooLong."""
    body = await request.content.readany()
    if not request.content.is_eof():
        body = await _read(request.content.iter_any(), limit, body)
    elif len(body) > limit:
        raise TooLong(f"This is longer than {limit} bytes.")
    return parse.decode(body), body


async def parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """The parts of a multipart body, one after the other. Raises BadFrame for a body that is none or has too many parts."""
    try:
        reader = MultipartReader(request.headers, cast("StreamReader", _FewLines(request.content)))
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader):
                raise BadFrame("A part of the form holds parts itself.")
            yield part
    except (ValueError, AssertionError, RuntimeError, web.HTTPException, HttpProcessingError) as error:
        raise BadFrame("The body is not a whole multipart form.") from error


class _FewLines:
    """A request body that hands out at most ``_MOST_LINES`` lines.

    aiohttp reads boundaries and heads line by line, without a pause while data is there: a body of nothing else would keep the
    event loop for a minute.
    """

    def __init__(self, content: StreamReader) -> None:
        self._content = content
        self._left = _MOST_LINES

    async def readline(self, **limits: int) -> bytes:
        """Raises BadFrame when there are too many."""
        self._left -= 1
        if self._left < 0:
            raise BadFrame("The form has too many parts.")
        return await self._content.readline(**limits)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._content, name)


async def text_of(part: BodyPartReader, limit: int) -> str:
    """A form field. Raises BadFrame or TooLong."""
    body = await _read(chunks_of(part), limit)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadFrame(f"The field {part.name} is not UTF-8.") from None


def upload_name(part: BodyPartReader) -> str | None:
    """The file's name as the sender wrote it, folders included; None for a field that is no file.

    Browsers write names into the header as they are and escape only the quotation mark, as ``%22`` (WHATWG,
    multipart/form-data encoding algorithm). Read as a quoted string of RFC 9110, where a backslash escapes what follows it,
    ``C:\\Users\\x.pdf`` would become ``C:Usersx.pdf``, and its last part could not be told any more.
    """
    found = _QUOTED_NAME.search(part.headers.get(CONTENT_DISPOSITION, ""))
    if found is None:
        return part.filename or None
    return _ESCAPED.sub(r"\1", found.group(1)).replace("%22", '"') or None


async def chunks_of(part: BodyPartReader, limit: int | None = None) -> AsyncIterator[bytes]:
    """A part's content as it comes in. Raises TooLarge past ``limit`` bytes."""
    size = 0
    while chunk := await part.read_chunk(_CHUNK):
        size += len(chunk)
        if limit is not None and size > limit:
            raise TooLarge(f"The file is larger than {human_size(limit)}.")
        yield bytes(chunk)


def is_form(request: web.Request) -> bool:
    """Whether the body is a multipart form; otherwise it has to be JSON. Raises BadFrame for anything else."""
    if request.content_type == "multipart/form-data":
        return True
    if request.content_type == "application/json" or request.content_type.endswith("+json"):
        return False
    raise BadFrame("The body is application/json or multipart/form-data.")


async def _read(chunks: AsyncIterator[bytes], limit: int, begun: bytes = b"") -> bytes:
    body = bytearray(begun)
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLong(f"This is longer than {limit} bytes.")
    return bytes(body)
