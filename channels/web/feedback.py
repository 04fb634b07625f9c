"""Thumbs up or down on an answer, with a comment."""

from __future__ import annotations

from aiohttp import web

from channels.web import body, parse, render
from channels.web.access import Access
from channels.web.files import WebRecords
from channels.web.refusals import BLOCKED, BadFrame
from channels.web.settings import WebSettings
from core.domain.errors import Blocked, NotAllowed, NotFound
from core.ports.metrics import Counter, Metrics

_COMMENT_CHARS = 2_000
_RATINGS = ("up", "down")


class Feedback:
    """``POST /api/feedback`` with the session's token. The last word on a message counts."""

    def __init__(self, settings: WebSettings, access: Access, records: WebRecords, metrics: Metrics) -> None:
        self._settings = settings
        self._access = access
        self._records = records
        self._metrics = metrics

    async def post(self, request: web.Request) -> web.StreamResponse:
        """200 with what was recorded; 403 when staff have blocked the customer; 404 when this conversation has no such answer."""
        if not self._settings.feedback:
            raise NotAllowed("Feedback is not taken here.")
        session, _ = await self._access.reader(request)
        if await self._records.is_blocked(session.identity):
            raise Blocked(BLOCKED)
        fields, _raw = await body.read_json(request, self._settings.limits.frame_bytes)
        wire_id = parse.plain_text(fields.get("message_id"), "message_id", 80)
        rating = fields.get("rating")
        if rating not in _RATINGS:
            raise BadFrame("rating is up or down.")
        comment = fields.get("comment")
        if comment is not None:
            comment = parse.plain_text(comment, "comment", _COMMENT_CHARS).strip() or None
        message_id = render.message_id(wire_id)
        if not await self._records.record_feedback(session.conversation_id, message_id, rating, comment):
            raise NotFound("This conversation has no such answer.")
        self._metrics.count(Counter.FEEDBACK, rating=rating)
        return web.json_response({"message_id": wire_id, "rating": rating, "comment": comment})
