"""Sessions over HTTP: opened, looked at, read, ended. Who cannot open a socket polls here for what happens."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from channels.web import body, parse, render
from channels.web.context import WebContext
from channels.web.refusals import BadFrame
from channels.web.shown import furthest
from channels.web.tokens import KnownUser, Session
from core.ports.wake import INBOX, WIDGET

MOST = 500
LONGEST_POLL = 30.0


class Sessions:
    """``/api/sessions``. Opening one stores nothing: its token says everything until the first message."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    async def open(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/sessions``: anonymous, or somebody whom the embedding site vouches for."""
        fields: dict[str, Any] = {}
        if request.can_read_body:
            fields, _ = await body.read_json(request, self._context.settings.limits.frame_bytes)
        locale = parse.locale(fields.get("locale"))
        user = await self._admitted(request, fields.get("user_token"))
        session, token = self._context.access.tokens.open(user, locale)
        answer = {
            "session_id": session.id,
            "token": token,
            "expires_at": _time(session),
            "config": self._context.client_config(locale),
        }
        return fresh(answer)

    async def _admitted(self, request: web.Request, user_token: Any) -> KnownUser | None:
        """The person whom the site has signed in; None without a valid proof, which makes the caller a stranger."""
        if user_token is not None and not isinstance(user_token, str):
            raise BadFrame("user_token is a text.")
        user: KnownUser | None = None
        try:
            user = self._context.access.tokens.user(user_token) if user_token is not None else None
        finally:
            await self._context.admission.admit(
                "sessions", self._context.access.caller(request, user.id if user else None)
            )
        return user

    async def look(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}``."""
        session, conversation = await self._context.access.reader(request)
        answer = {
            "session_id": session.id,
            "status": conversation.state.value if conversation is not None else "bot",
            "cursor": await self._context.log.head(session.conversation_id) if conversation is not None else 0,
            "expires_at": _time(session),
        }
        return fresh(answer)

    async def end(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /api/sessions/{session_id}``: 204; afterwards everything on it answers 410."""
        session, _ = await self._context.access.reader(request)
        await self._context.records.end_conversation(session.key, session.identity)
        self._context.wake.notify(WIDGET, f"{session.conversation_id}#ended")
        self._context.wake.notify(INBOX)  # staff who have it are told
        return web.Response(status=204)

    async def history(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}/history?after=0&limit=100``: oldest first."""
        session, conversation = await self._context.access.reader(request)
        after = parse.cursor(request.query.get("after", "0"))
        limit = limit_of(request)
        frames = list(await self._context.log.history(session.conversation_id, after=after, limit=limit + 1))
        page = frames[:limit]
        if (shown := furthest(page)) is not None:
            self._context.read_cursors.note(session.conversation_id, shown)
        body: dict[str, Any] = {
            "messages": [render.message(one, self._context.links.to) for one in page if one.message is not None],
            "cursor": page[-1].cursor if page else after,
            "has_more": len(frames) > limit,
            "status": conversation.state.value if conversation is not None else "bot",
        }
        return fresh(body)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}/events?after=7&wait=25``: a long poll for the frames of the socket."""
        session, conversation = await self._context.access.reader(request)
        after = parse.cursor(request.query.get("after", "0"))
        if conversation is not None and conversation.escalation_reason is not None:
            self._context.read_cursors.note(session.conversation_id, after)
        wait = parse.seconds(request.query.get("wait", "0"), "wait", LONGEST_POLL)
        frames = await self._context.live.wait_for(session.conversation_id, after, lambda _frame: True, wait)
        if wait and not frames:
            await self._context.access.conversation(session)
        newest = frames[-1].cursor if frames else min(after, await self._context.log.head(session.conversation_id))
        config = self._context.client_config(session.locale)
        body = {"frames": [shown.wire for shown in frames], "cursor": newest, "config": config}
        return fresh(body)


def limit_of(request: web.Request) -> int:
    """How many are wanted. Raises BadFrame."""
    limit = parse.cursor(request.query.get("limit", "100"), "limit")
    if not 1 <= limit <= MOST:
        raise BadFrame(f"limit is a number from 1 to {MOST}.")
    return limit


def fresh(body: Any) -> web.Response:
    """What nobody may keep for later."""
    return web.json_response(body, headers={"Cache-Control": "no-store"})


def _time(session: Session) -> str:
    return session.expires_at.isoformat().replace("+00:00", "Z")
