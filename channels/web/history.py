"""Reading over HTTP: what was said, and what happens, for clients that cannot open a socket."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from channels.web import render
from channels.web.access import Access
from channels.web.links import Links
from channels.web.live import Live
from channels.web.parse import cursor, seconds
from channels.web.refusals import BadFrame
from channels.web.tokens import ACCOUNT, CHANNEL
from core.domain.errors import NotAllowed
from core.ports.store import EventLog, LoggedFrame, Records

MOST = 500
LONGEST_POLL = 30.0


class History:
    """Everything a session's own token may read."""

    def __init__(self, access: Access, log: EventLog, live: Live, records: Records, links: Links) -> None:
        self._access = access
        self._log = log
        self._live = live
        self._records = records
        self._links = links

    async def history(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}/history?after=0&limit=100``: oldest first."""
        session, conversation = await self._access.reader(request)
        after = cursor(request.query.get("after", "0"))
        limit = _limit(request)
        frames = list(await self._log.history(session.conversation_id, after=after, limit=limit + 1))
        page = frames[:limit]
        body: dict[str, Any] = {
            "messages": render.history(page, self._links.to),
            "cursor": page[-1].cursor if page else after,
            "has_more": len(frames) > limit,
            "status": conversation.state.value if conversation is not None else "bot",
        }
        return _fresh(body)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}/events?after=7&wait=25``: a long poll for the frames of the socket."""
        session, _ = await self._access.reader(request)
        after = cursor(request.query.get("after", "0"))
        wait = seconds(request.query.get("wait", "0"), "wait", LONGEST_POLL)
        frames = await self._live.wait_for(session.conversation_id, after, _anything, wait)
        if wait and not frames:
            await self._access.conversation(session)
        newest = frames[-1].cursor if frames else min(after, await self._live.head(session.conversation_id))
        body = {"frames": [shown.wire for shown in frames], "cursor": newest}
        return _fresh(body)

    async def of_user(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/users/{user_id}/history``: over all conversations of the token's own customer, newest first."""
        session, _ = await self._access.reader(request)
        wanted = request.match_info["user_id"]
        own = {session.user} if session.user is not None else {session.id, session.identity.external_id}
        if wanted not in own:
            raise NotAllowed("This token belongs to another customer.")
        messages = await self._records.customer_messages(
            CHANNEL, ACCOUNT, session.identity.external_id, _limit(request)
        )
        shown = []
        for message in messages:
            wire: dict[str, Any] = {
                **render.message(LoggedFrame(message.seq, "message", {}, None, message), self._links.to)
            }
            del wire["cursor"]
            shown.append({**wire, "conversation_id": message.conversation_id})
        return _fresh({"user_id": wanted, "messages": shown})


def _anything(_frame: LoggedFrame) -> bool:
    return True


def _limit(request: web.Request) -> int:
    limit = cursor(request.query.get("limit", "100"), "limit")
    if not 1 <= limit <= MOST:
        raise BadFrame(f"limit is a number from 1 to {MOST}.")
    return limit


def _fresh(body: Any) -> web.Response:
    return web.json_response(body, headers={"Cache-Control": "no-store"})
