"""Customers' files: in as a stream, out by signed links."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from http import HTTPStatus
from urllib.parse import quote

import structlog
from aiohttp import BodyPartReader, web

from channels.web import body, render
from channels.web.access import Caller
from channels.web.context import WebContext
from channels.web.origins import RESPONSE_HEADERS
from channels.web.refusals import BLOCKED, BadFrame, FileType
from channels.web.tokens import Session
from channels.web.unsent_files import UnsentFiles
from core.domain.attachments import Attachment, human_size
from core.domain.errors import Blocked, HubError, InvalidInput, NotAllowed, NotFound, TooLarge
from core.ports.extractor import AttachmentStore

Uploaded = Callable[[Attachment, str], None]

_SHOWN_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_FORM_OVERHEAD = 16 * 1024

_log = structlog.get_logger(__name__)


class Files:
    """``uploaded`` is told of each stored file and of the caller's key, so that its text can be taken out early."""

    def __init__(
        self, context: WebContext, unsent: UnsentFiles, store: AttachmentStore, uploaded: Uploaded | None
    ) -> None:
        self._context = context
        self._unsent = unsent
        self._store = store
        self._uploaded = uploaded

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/sessions/{session_id}/attachments``: one file."""
        session = self._context.access.session(request)
        caller = self._context.access.caller(request, session.user)
        await self.admit(session, caller)
        limit = self._context.settings.limits.attachment_bytes
        if request.content_length is not None and request.content_length > limit + _FORM_OVERHEAD:
            raise TooLarge(f"The file is larger than {human_size(limit)}.")
        await self._context.access.conversation(session)
        if not body.is_form(request):
            raise BadFrame("Send the file as multipart/form-data, in the field file.")
        async for part in body.parts(request):
            if part.name == "file" and body.upload_name(part):
                attachment = await self.take(part, caller, request.content_length)
                await self.keep(session, caller, attachment)
                return web.json_response(render.file(attachment, self._context.links.to))
        raise BadFrame("The form has no field file with a file in it.")

    async def admit(self, session: Session, caller: Caller) -> None:
        """Raises NotAllowed where files are switched off, Blocked, TooManyRequests."""
        if not self._context.settings.attachments:
            raise NotAllowed("Files are not taken here.")
        await self._context.admission.admit("uploads", caller, session.id)
        if await self._context.records.is_blocked(session.identity):
            raise Blocked(BLOCKED)

    async def take(self, part: BodyPartReader, caller: Caller, length: int | None) -> Attachment:
        """Stream a part to the store. The database does not know the file yet. ``length``: of the whole request, in bytes.

        Raises TooManyRequests while too many bytes wait to be sent, NoRoom, and what is wrong with the file.
        """
        limit = self._context.settings.limits.attachment_bytes
        most = limit if length is None else min(limit, length)
        self._context.admission.admit_bytes(caller, most)
        async with self._unsent.room(caller, most):
            attachment = await self._put(part, limit)
            self._unsent.stored(caller, attachment)
        self._context.admission.spend_bytes(caller, attachment.size)
        return attachment

    async def _put(self, part: BodyPartReader, limit: int) -> Attachment:
        chunks = body.chunks_of(part, limit)
        declared = part.headers.get("Content-Type")
        try:
            return await self._store.put(chunks, name=body.upload_name(part) or "file", declared_type=declared)
        except InvalidInput as error:
            if type(error) is not InvalidInput:
                raise  # the reading of the form has named what is wrong with it
            raise FileType(error.detail) from error

    async def keep(self, session: Session, caller: Caller, attachment: Attachment) -> None:
        """Record a stored file as this session's; if that fails the file is not left behind."""
        try:
            await self._context.records.add_attachment(session.conversation_id, attachment)
        except BaseException:
            await self.drop(attachment)
            raise
        self._unsent.recorded(attachment)
        if self._uploaded is not None:
            self._uploaded(attachment, caller.key)

    async def drop(self, attachment: Attachment) -> None:
        """Delete a file that nothing refers to. A failure leaves an orphan, which hurts nobody."""
        self._unsent.forget([attachment.id])
        with contextlib.suppress(HubError, OSError):
            await self._store.delete(attachment.storage_key)

    async def take_back(self, attachment: Attachment) -> None:
        """Drop a file that may be recorded, unless a message refers to it: then it was stored after all."""
        with contextlib.suppress(HubError):
            known = await self._context.records.attachment(attachment.id) is not None
            if not known or await self._context.records.forget_attachment(attachment.id):
                await self.drop(attachment)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/attachments/{attachment_id}?sig=``: the file; nothing in it can act in our name."""
        attachment_id = request.match_info["attachment_id"]
        self._context.links.check(attachment_id, request.query.get("sig", ""))
        found = await self._context.records.attachment(attachment_id)
        if found is None:
            raise NotFound("There is no such file.")
        attachment = found[1]
        tag = f'"{attachment.sha256}"'
        # A streamed answer sets its headers before it is prepared, so those of the origin are set here too.
        headers = {**request.get(RESPONSE_HEADERS, {}), **_safe_headers(attachment), "ETag": tag}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return await self._stream(request, attachment, headers)

    async def _stream(
        self, request: web.Request, attachment: Attachment, headers: dict[str, str]
    ) -> web.StreamResponse:
        chunks = self._store.open(attachment)
        first = await _first(chunks)  # a file that is gone must be an error, not half an answer
        response = web.StreamResponse(headers={**headers, "Accept-Ranges": "bytes"})
        response.content_type = attachment.media_type
        start, stop = _wanted(request, attachment.size)
        if (start, stop) != (0, attachment.size):
            response.set_status(HTTPStatus.PARTIAL_CONTENT)
            response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{attachment.size}"
        response.content_length = stop - start
        await response.prepare(request)
        at = 0
        async for chunk in _together(first, chunks):
            if at + len(chunk) > start:
                await response.write(chunk[max(0, start - at) : stop - at])
            at += len(chunk)
            if at >= stop:
                break
        if isinstance(chunks, AsyncGenerator):  # what is left of the file is not read
            await chunks.aclose()
        await response.write_eof()
        return response


def _wanted(request: web.Request, size: int) -> tuple[int, int]:
    """The bytes that a player asks for (RFC 9110, section 14); all of them where it asks for none, several or impossible ones.

    Without them Safari plays no recording at all.
    """
    try:
        start, stop, _ = request.http_range.indices(size)
    except ValueError:
        return 0, size
    return (start, stop) if start < stop else (0, size)


async def _together(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


async def _first(chunks: AsyncIterator[bytes]) -> bytes:
    try:
        return await anext(chunks, b"")
    except (HubError, OSError) as error:
        _log.warning("files.missing", error=str(error))
        raise NotFound("This file is not there any more.") from error


def _safe_headers(attachment: Attachment) -> dict[str, str]:
    """The content is whatever a stranger sent: shown only as an image, never run, never guessed at (OWASP file upload)."""
    way = "inline" if attachment.media_type in _SHOWN_INLINE else "attachment"
    ascii_name = "".join(
        char if char.isascii() and (char.isalnum() or char in "._- ") else "_" for char in attachment.name
    )
    return {
        "Content-Disposition": f"{way}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(attachment.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "private, max-age=3600",
        "Referrer-Policy": "no-referrer",
    }
