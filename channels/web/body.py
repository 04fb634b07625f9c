"""Reads request bodies within their limits: JSON at once, files as a stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from channels.web import parse
from channels.web.refusals import BadFrame, TooLong
from core.domain.attachments import human_size
from core.domain.errors import TooLarge

_CHUNK = 64 * 1024


async def read_json(request: web.Request, limit: int) -> tuple[dict[str, Any], bytes]:
    """The object and its exact bytes. Raises BadFrame or TooLong."""
    body = await request.content.readany()
    if not request.content.is_eof():
        body = await _read(request.content.iter_any(), limit, body)
    elif len(body) > limit:
        raise TooLong(f"This is longer than {limit} bytes.")
    return parse.decode(body), body


async def parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """The parts of a multipart body, one after the other. Raises BadFrame for a body that is none."""
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, MultipartReader):
                raise BadFrame("A part of the form holds parts itself.")
            yield part
    except (ValueError, AssertionError, RuntimeError, web.HTTPException, HttpProcessingError) as error:
        raise BadFrame("The body is not a whole multipart form.") from error


async def text_of(part: BodyPartReader, limit: int) -> str:
    """A form field. Raises BadFrame or TooLong."""
    body = await _read(chunks_of(part), limit)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadFrame(f"The field {part.name} is not UTF-8.") from None


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
