"""Sending over HTTP: one POST, and the answer in its response when it comes soon enough. Answers are rated here too."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import structlog
from aiohttp import BodyPartReader, web

from channels.web import body, parse, render
from channels.web.access import Caller
from channels.web.context import WebContext
from channels.web.files import Files
from channels.web.live import Waiter
from channels.web.parse import ClientMessage, client_message
from channels.web.refusals import BLOCKED, BadFrame, TooManyAttachments
from channels.web.tokens import Session
from core.domain.attachments import Attachment
from core.domain.errors import Blocked, HubError, NotAllowed, NotFound
from core.domain.messages import TOGETHER, Author
from core.ports.channel import Accepted
from core.ports.event_log import LoggedFrame
from core.ports.metrics import Counter

_FIELDS = frozenset({"message", "client_id", "action", "locale"})
_COMMENT_CHARS = 2_000
_RATINGS = ("up", "down")

_log = structlog.get_logger(__name__)


class Messages:
    """``POST /api/chat/sessions/{session_id}/messages``."""

    def __init__(self, context: WebContext, files: Files) -> None:
        self._context = context
        self._limits = context.settings.limits
        self._files = files
        # Where no people may answer, the agent answers those who wait for a person too.
        self._silent = frozenset({"queued", "staff"}) if context.settings.staffed else frozenset({"staff"})

    async def post(self, request: web.Request) -> web.StreamResponse:
        """200 with the answer, or 202: it takes longer, or a person will answer."""
        session, longest = self._context.access.session(request), self._limits.wait_seconds
        with self._context.live.expecting(session.conversation_id) as waiter:
            try:
                wait = parse.seconds(request.query.get("wait", str(longest)), "wait", longest)
                message, accepted = await self._take(request, session)
            except HubError as error:
                self._context.access.refused(error)
                raise
            reply = await self._reply(accepted, wait, waiter)
        if reply:
            return web.json_response(render.answer(reply, session, message.client_id))
        pending = {
            "id": accepted.message_id,
            "cursor": accepted.cursor,
            "client_id": message.client_id,
            "session_id": session.id,
            "status": str(accepted.state),
        }
        return web.json_response(pending, status=202)

    async def rate(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/feedback``: 200 with what was recorded, and the last word counts.

        403 when staff have blocked the customer; 404 when this conversation has no such answer.
        """
        if not self._context.settings.feedback:
            raise NotAllowed("Feedback is not taken here.")
        session, _ = await self._context.access.reader(request)
        if await self._context.records.is_blocked(session.identity):
            raise Blocked(BLOCKED)
        fields, _raw = await body.read_json(request, self._limits.frame_bytes)
        wire_id = parse.plain_text(fields.get("message_id"), "message_id", 80)
        rating = fields.get("rating")
        if rating not in _RATINGS:
            raise BadFrame("rating is up or down.")
        comment = fields.get("comment")
        if comment is not None:
            comment = parse.plain_text(comment, "comment", _COMMENT_CHARS).strip() or None
        message_id = render.message_id(wire_id)
        if not await self._context.records.record_feedback(session.conversation_id, message_id, rating, comment):
            raise NotFound("This conversation has no such answer.")
        self._context.metrics.count(Counter.FEEDBACK, rating=rating)
        return web.json_response({"message_id": wire_id, "rating": rating, "comment": comment})

    async def _take(self, request: web.Request, session: Session) -> tuple[ClientMessage, Accepted]:
        caller = self._context.access.caller(request, session.user)
        await self._context.reception.admit(session, caller)
        if body.is_form(request):
            return await self._post_form(request, session, caller)
        fields, raw = await body.read_json(request, self._limits.frame_bytes)
        message = client_message(fields, self._limits, text="message")
        return message, await self._context.reception.receive(session, caller, message, raw)

    async def _post_form(
        self, request: web.Request, session: Session, caller: Caller
    ) -> tuple[ClientMessage, Accepted]:
        fields, taken = await self._read_form(request, session, caller)
        unused = taken
        try:
            message = client_message(fields, self._limits, text="message")
            is_known = bool(taken) and await self._is_known(session, message)
            if is_known:
                again = {file.id for file in taken}
                message = replace(message, attachments=tuple(one for one in message.attachments if one not in again))
            else:
                for attachment in taken:
                    await self._files.keep(session, caller, attachment)
            raw = json.dumps(fields, ensure_ascii=False).encode()
            accepted = await self._context.reception.receive(session, caller, message, raw)
            if not is_known:
                unused = []
        finally:
            for attachment in unused:  # a message that was not stored comes again, with its files
                await self._files.take_back(attachment)
        return message, accepted

    async def _read_form(
        self, request: web.Request, session: Session, caller: Caller
    ) -> tuple[dict[str, Any], list[Attachment]]:
        fields: dict[str, Any] = {}
        files: list[str] = []
        taken: list[Attachment] = []
        try:
            async for part in body.parts(request):
                if part.name in _FIELDS:
                    fields[part.name] = await body.text_of(part, self._limits.frame_bytes)
                elif part.name == "attachments":
                    files.append(await self._read_file(request, session, caller, part, taken, len(files)))
        except BaseException:
            for attachment in taken:
                await self._files.drop(attachment)
            raise
        return {**fields, **({"attachments": files} if files else {})}, taken

    async def _read_file(
        self,
        request: web.Request,
        session: Session,
        caller: Caller,
        part: BodyPartReader,
        taken: list[Attachment],
        count: int,
    ) -> str:
        """A file sent along, or the id of one that was uploaded before."""
        if count >= self._limits.attachments:
            raise TooManyAttachments(f"At most {self._limits.attachments} files fit in one message.")
        if body.upload_name(part) is None:
            return await body.text_of(part, 1024)
        await self._files.admit(session, caller)
        taken.append(await self._files.take(part, caller, request.content_length))
        return taken[-1].id

    async def _is_known(self, session: Session, message: ClientMessage) -> bool:
        """Whether this very message was stored before, so that its files are not stored again."""
        key = str(parse.event_key(session, message.client_id))
        return await self._context.log.find(session.conversation_id, key) is not None

    async def _reply(self, accepted: Accepted, wait: float, waiter: Waiter) -> list[LoggedFrame]:
        """All of the reply to a message: at once when it was given before, never when a person is to give it."""
        if wait <= 0 or (accepted.state in self._silent and not accepted.duplicate):
            return []
        seconds = 0.0 if accepted.state in self._silent else wait
        reply = _WholeReply(accepted.seq)
        try:
            if accepted.duplicate:
                await self._context.live.wait_for(
                    accepted.conversation_id, accepted.cursor or 0, reply.completed_by, seconds
                )
            else:
                await self._context.live.wait_behind(waiter, accepted.cursor or 0, reply.completed_by, seconds)
        except HubError as error:  # the message is stored: to call this request failed would make the client repeat it
            _log.warning("messages.reply_not_read", conversation=accepted.conversation_id, error=error.code)
            return []
        return reply.frames if reply.whole else []


class _WholeReply:
    """Gathers what the first turn says that answers a message: an answer, and perhaps a notice with it."""

    def __init__(self, seq: int) -> None:
        self.frames: list[LoggedFrame] = []
        self._seq = seq

    @property
    def whole(self) -> bool:
        """Whether nothing of it is missing."""
        first = self.frames[0].message if self.frames else None
        return first is not None and len(self.frames) >= int(first.meta.get(TOGETHER) or 1)

    def completed_by(self, frame: LoggedFrame) -> bool:
        """Whether it is all there with this frame, the next one of the log."""
        message = frame.message
        if self.whole or message is None or message.author is Author.CUSTOMER:
            return self.whole
        known = [one.message for one in self.frames if one.message is not None]
        apart = known and known[0].meta.get("in_reply_to") != message.meta.get("in_reply_to")
        if apart or int(message.meta.get("handled_seq") or 0) < self._seq or message.id in {one.id for one in known}:
            return False
        self.frames.append(frame)
        return self.whole
