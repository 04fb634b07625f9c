"""Reading over HTTP: what was said, and what happens, for clients that cannot open a socket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from channels.web import render
from channels.web.access import Access
from channels.web.links import Links
from channels.web.live import Live
from channels.web.parse import cursor, seconds
from channels.web.refusals import BadFrame
from channels.web.shown import ReadCursors, furthest
from core.ports.event_log import EventLog

MOST = 500
LONGEST_POLL = 30.0


class History:
    """Everything a session's own token may read."""

    def __init__(
        self,
        access: Access,
        log: EventLog,
        live: Live,
        links: Links,
        read_cursors: ReadCursors,
        config: Callable[[str | None], Mapping[str, Any]],
    ) -> None:
        self._access = access
        self._log = log
        self._live = live
        self._links = links
        self._read_cursors = read_cursors
        self._config = config

    async def history(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}/history?after=0&limit=100``: oldest first."""
        session, conversation = await self._access.reader(request)
        after = cursor(request.query.get("after", "0"))
        limit = limit_of(request)
        frames = list(await self._log.history(session.conversation_id, after=after, limit=limit + 1))
        page = frames[:limit]
        if (shown := furthest(page)) is not None:
            self._read_cursors.note(session.conversation_id, shown)
        body: dict[str, Any] = {
            "messages": [render.message(one, self._links.to) for one in page if one.message is not None],
            "cursor": page[-1].cursor if page else after,
            "has_more": len(frames) > limit,
            "status": conversation.state.value if conversation is not None else "bot",
        }
        return fresh(body)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}/events?after=7&wait=25``: a long poll for the frames of the socket."""
        session, conversation = await self._access.reader(request)
        after = cursor(request.query.get("after", "0"))
        if conversation is not None and conversation.escalation_reason is not None:
            self._read_cursors.note(session.conversation_id, after)
        wait = seconds(request.query.get("wait", "0"), "wait", LONGEST_POLL)
        frames = await self._live.wait_for(session.conversation_id, after, lambda _frame: True, wait)
        if wait and not frames:
            await self._access.conversation(session)
        newest = frames[-1].cursor if frames else min(after, await self._live.head(session.conversation_id))
        config = self._config(session.locale)
        body = {"frames": [shown.wire for shown in frames], "cursor": newest, "config": config}
        return fresh(body)


def limit_of(request: web.Request) -> int:
    """How many are wanted. Raises BadFrame."""
    limit = cursor(request.query.get("limit", "100"), "limit")
    if not 1 <= limit <= MOST:
        raise BadFrame(f"limit is a number from 1 to {MOST}.")
    return limit


def fresh(body: Any) -> web.Response:
    """What nobody may keep for later."""
    return web.json_response(body, headers={"Cache-Control": "no-store"})
