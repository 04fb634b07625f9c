"""Sessions over HTTP: opened, looked at, ended."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from channels.web import body, parse
from channels.web.access import Access
from channels.web.admission import Admission
from channels.web.history import fresh
from channels.web.refusals import BadFrame
from channels.web.settings import WebSettings
from channels.web.tokens import KnownUser, Session
from core.ports.event_log import EventLog
from core.ports.store import Records
from core.ports.wake import INBOX, WIDGET, Wake


def client_config(settings: WebSettings, locale: str | None) -> dict[str, Any]:
    """What a client needs to know of the hub's settings.

    It comes with a new session, with the first frame of each connection, and with each poll: a client may stay for days
    while the hub is restarted with other settings.
    """
    return {
        "company": settings.company or None,
        "locale": locale or settings.locale,
        "max_attachment_bytes": settings.limits.attachment_bytes,
        "max_attachments": settings.limits.attachments,
        "max_message_chars": settings.limits.message_chars,
        "accept": list(settings.accept),
        "features": {
            "attachments": settings.attachments,
            "feedback": settings.feedback,
            "staff": settings.staffed,
            "transcript": settings.transcripts,
        },
    }


class Sessions:
    """``/api/sessions``. Opening one stores nothing: its token says everything until the first message."""

    def __init__(
        self,
        settings: WebSettings,
        access: Access,
        admission: Admission,
        records: Records,
        log: EventLog,
        wake: Wake,
    ) -> None:
        self._settings = settings
        self._access = access
        self._admission = admission
        self._records = records
        self._log = log
        self._wake = wake

    async def open(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/sessions``: anonymous, or somebody whom the embedding site vouches for."""
        fields: dict[str, Any] = {}
        if request.can_read_body:
            fields, _ = await body.read_json(request, self._settings.limits.frame_bytes)
        locale = parse.locale(fields.get("locale"))
        user = await self._admitted(request, fields.get("user_token"))
        session, token = self._access.tokens.open(user, locale)
        answer = {
            "session_id": session.id,
            "token": token,
            "expires_at": _time(session),
            "config": client_config(self._settings, locale),
        }
        return fresh(answer)

    async def _admitted(self, request: web.Request, user_token: Any) -> KnownUser | None:
        """The person whom the site has signed in; None without a valid proof, which makes the caller a stranger."""
        if user_token is not None and not isinstance(user_token, str):
            raise BadFrame("user_token is a text.")
        user: KnownUser | None = None
        try:
            user = self._access.tokens.user(user_token) if user_token is not None else None
        finally:
            await self._admission.admit("sessions", self._access.caller(request, user.id if user else None))
        return user

    async def look(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/sessions/{session_id}``."""
        session, conversation = await self._access.reader(request)
        answer = {
            "session_id": session.id,
            "status": conversation.state.value if conversation is not None else "bot",
            "cursor": await self._log.head(session.conversation_id) if conversation is not None else 0,
            "expires_at": _time(session),
        }
        return fresh(answer)

    async def end(self, request: web.Request) -> web.StreamResponse:
        """``DELETE /api/sessions/{session_id}``: 204; afterwards everything on it answers 410."""
        session, _ = await self._access.reader(request)
        await self._records.end_conversation(session.key, session.identity)
        self._wake.notify(WIDGET, f"{session.conversation_id}#ended")
        self._wake.notify(INBOX)  # staff who have it are told
        return web.Response(status=204)


def _time(session: Session) -> str:
    return session.expires_at.isoformat().replace("+00:00", "Z")
