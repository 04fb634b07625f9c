"""One WebSocket connection, from its first frame to its close code."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from aiohttp import WSMsgType, web

from channels.web import parse, render
from channels.web.access import Caller
from channels.web.context import WebContext
from channels.web.live import UNREAD, Shown
from channels.web.refusals import BadFrame, TooLong
from channels.web.settings import Rate
from channels.web.shown import UnconfirmedFrames
from channels.web.tokens import Session
from channels.web.turnstile import Crowded, Turnstile
from core.domain.correlation import correlated
from core.domain.errors import (
    HubError,
    InvalidInput,
    NotAllowed,
    Overloaded,
    SessionEnded,
    StoreUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from core.domain.messages import Author

UNAUTHENTICATED: Final = 4401
REFUSED: Final = 4403
ENDED: Final = 4410
TOO_MANY: Final = 4429
TRY_LATER: Final = 1013
LOST: Final = 1006
"""The client went away without a word (RFC 6455, section 7.1.5)."""
_NOTICED: Final = 1.6
"""Heartbeats after which a dead connection is closed: one without a word, half of one without an answer."""

_WITHOUT_TEXT: Final = (WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG)
_RETRY_SECONDS = 2.0
_REFUSED_SECONDS = 60.0
_DRAIN_STEP = 0.05
_DRAIN_STEPS = 600

_log = structlog.get_logger(__name__)


class Connection:
    """A client's connection, and its place in the log (a ``live.Listener``)."""

    __slots__ = (
        "_caller",
        "_context",
        "_followed",
        "_pace",
        "_request",
        "_socket",
        "_start",
        "_turnstile",
        "_unconfirmed",
        "conversation_id",
        "cursor",
    )

    def __init__(self, context: WebContext, socket: web.WebSocketResponse[Any], request: web.Request) -> None:
        self._context = context
        self._socket = socket
        self._request = request
        self._caller: Caller
        self._start = 0
        self._pace = str(id(self))
        self._turnstile = Turnstile(context.clock.monotonic)
        self._unconfirmed = UnconfirmedFrames(context.read_cursors, _NOTICED * context.access.limits.heartbeat_seconds)
        self._followed = False
        self.conversation_id = ""
        self.cursor = UNREAD

    async def run(self) -> None:
        """Authenticate, then take frames one after the other until the connection is over."""
        try:
            session = await self._authenticate()
            if session is None:
                return
            self._caller = self._context.access.caller(self._request, session.user)
            self.conversation_id = session.conversation_id
            self._context.live.add(self)
            await self._greet(session)
            while (body := await self._receive()) is not None:
                if not await self._take(session, body):
                    return
        except SessionEnded as error:
            await self.close(ENDED, error.detail)
        except (StoreUnavailable, Crowded):
            await self.close(TRY_LATER, "try again later")
        except ConnectionError:
            pass
        finally:
            self._context.live.remove(self)
            self._unconfirmed.end(self.conversation_id, in_order=self._socket.close_code not in (None, LOST))
            self._context.frame_rates.forget(self._pace)
            self._context.frame_rates.forget(f"{self._pace}:refused")

    async def close(self, code: int, reason: str) -> None:
        """Close with a code that the protocol names."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            await self._socket.close(code=code, message=reason.encode()[:120])

    async def deliver(self, frames: Sequence[Shown]) -> None:
        """See Listener.deliver. Nothing here waits: the send only fills a buffer, and a full one ends the connection."""
        self._unconfirmed.hand(self.conversation_id, [shown.logged for shown in frames])
        for shown in frames:
            said = shown.logged.message
            if said is not None and said.author is Author.CUSTOMER:
                self._turnstile.passed(str(said.meta.get("client_id")))
            if not await self._send_text(shown.text):
                return

    async def hint(self, hint: str) -> None:
        if hint == "ended":
            # Closing waits for the client's own close frame, which the reader of the log must not.
            task = asyncio.create_task(self.close(ENDED, "this conversation has ended"))
            self._context.closing.add(task)
            task.add_done_callback(self._context.closing.discard)
        elif hint in ("typing:agent", "typing:staff"):
            await self._send({"type": "typing", "author": hint.removeprefix("typing:")})

    async def _authenticate(self) -> Session | None:
        try:
            self._context.origins.check(self._request)
        except NotAllowed as error:
            await self.close(REFUSED, error.detail)
            return None
        try:
            async with asyncio.timeout(self._context.access.limits.auth_seconds):
                body = await self._receive()
        except TimeoutError:
            await self.close(UNAUTHENTICATED, "no auth frame came in time")
            return None
        if body is None:
            return None
        try:
            frame = parse.decode(body)
            if parse.frame_type(frame) != "auth" or not isinstance(frame.get("token"), str):
                raise BadFrame("The first frame must be auth, with a token.")
        except InvalidInput as error:
            self._context.access.refused(error)
            await self._send(_error(error))
            await self.close(UNAUTHENTICATED, "the first frame must be auth")
            return None
        try:
            return self._context.access.verified(frame["token"])
        except Unauthenticated as error:
            await self.close(REFUSED, error.detail)
            return None

    async def _greet(self, session: Session) -> None:
        """Say where things stand; live frames follow from exactly there."""
        conversation = await self._context.access.conversation(session)
        head = await self._context.log.head(self.conversation_id) if conversation is not None else 0
        self._start = head
        self._followed = conversation is not None and conversation.escalation_reason is not None
        status = conversation.state.value if conversation is not None else "bot"
        config = self._context.client_config(session.locale)
        await self._send({"type": "status", "status": status, "latest": head, "config": config})
        await self._context.live.begin(self, head)

    async def _receive(self) -> bytes | None:
        """The next frame's text; None when the connection is over."""
        while True:
            message = await self._socket.receive()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                self._unconfirmed.acknowledge(self.conversation_id)
            if message.type is WSMsgType.TEXT:
                return bytes(message.data)
            if message.type not in _WITHOUT_TEXT or not await self._answer(message.type, bytes(message.data)):
                return None

    async def _answer(self, kind: WSMsgType, data: bytes) -> bool:
        """Answer a frame that has no text; it counts as one that has. False when the connection has to end."""
        try:
            self._check_pace()
        except TooManyRequests as error:
            return await self._refuse_pace(error, {})
        if kind is WSMsgType.PING:
            if self._buffered() > self._context.access.limits.send_buffer_bytes:
                self._abort()
                return False
            await self._socket.pong(data)
        elif kind is WSMsgType.BINARY:
            refusal = BadFrame("Frames are JSON texts, this one is binary.")
            self._context.access.refused(refusal)
            await self._send(_error(refusal))
        return True

    async def _take(self, session: Session, body: bytes) -> bool:
        """Handle one frame; whatever is wrong with it is answered. False when the connection has to end."""
        frame: Mapping[str, Any] = {}
        try:
            self._check_pace()
            self._check_size(body)
            frame = parse.decode(body)
            await self._handle(session, parse.frame_type(frame), frame, body)
        except (SessionEnded, Crowded):
            raise
        except TooManyRequests as error:
            return await self._refuse_pace(error, frame or _peek(body))
        except HubError as error:
            self._context.access.refused(error)
            await self._send(_error(error, frame))
        except ConnectionError:
            raise
        except Exception:
            _log.exception("socket.frame_failed", conversation=self.conversation_id)
            await self._send(_error(HubError("Something went wrong on our side."), frame))
        return True

    async def _refuse_pace(self, error: TooManyRequests, frame: Mapping[str, Any]) -> bool:
        """Refuse a frame that came too soon. False when so many did that the connection has to end."""
        self._context.access.refused(error)
        if (client_id := _named(frame)) and frame.get("type") == "message":
            self._turnstile.hold(client_id)
        await self._send(_error(error, frame))
        if self._context.frame_rates.wait_for(
            f"{self._pace}:refused", Rate(self._context.access.limits.refused_frames, _REFUSED_SECONDS)
        ):
            await self.close(TOO_MANY, "too many frames")
            return False
        return True

    def _check_pace(self) -> None:
        if wait := self._context.frame_rates.wait_for(self._pace, self._context.access.limits.frames_per_socket):
            raise TooManyRequests("Too many frames.", retry_after=wait)

    def _check_size(self, body: bytes) -> None:
        most = self._context.access.limits.frame_bytes
        if len(body) > most:
            raise TooLong(f"The frame has {len(body)} bytes. At most {most} are taken.")

    async def _handle(self, session: Session, kind: parse.FrameType, frame: Mapping[str, Any], body: bytes) -> None:
        match kind:
            case "message":
                await self._message(session, frame, body)
            case "resume":
                await self._resume(parse.cursor(frame.get("after")))
            case "ping":
                await self._send({"type": "pong"})
            case "typing":
                pass  # Valid, and of no consequence to anybody who listens here.
            case "auth":
                raise BadFrame("This connection is authenticated already.")

    async def _message(self, session: Session, frame: Mapping[str, Any], body: bytes) -> None:
        self._context.access.tokens.check_alive(session)
        with self._turnstile.passing(_named(frame)), correlated():
            await self._context.reception.admit(session, self._caller)
            message = parse.client_message(frame, self._context.access.limits, text="content")
            accepted = await self._context.reception.receive(session, self._caller, message, body)
        ack = {"client_id": message.client_id, "id": accepted.message_id, "cursor": accepted.cursor}
        await self._send({"type": "ack", **ack})  # after the commit

    async def _resume(self, after: int) -> None:
        """Send again what this connection has not had: from ``after`` to where its live frames began."""
        if self._followed:
            self._context.read_cursors.note(self.conversation_id, after)
        place = after
        while place < self._start:
            page = await self._context.live.page(self.conversation_id, place)
            missed = [shown for shown in page if shown.cursor <= self._start]
            self._unconfirmed.hand(self.conversation_id, [shown.logged for shown in missed])
            for shown in missed:
                await self._drained()
                if not await self._send_text(shown.text):
                    return
            if len(missed) < len(page) or not missed:
                break
            place = missed[-1].cursor
        await self._send({"type": "resumed", "after": after, "upto": self.cursor})

    async def _drained(self) -> None:
        """Wait until a replay has mostly left for the client, so that a long one does not fill the buffer."""
        for _ in range(_DRAIN_STEPS):
            if self._buffered() < self._context.access.limits.send_buffer_bytes // 4:
                return
            await asyncio.sleep(_DRAIN_STEP)
        self._abort()

    async def _send(self, frame: Mapping[str, Any]) -> bool:
        return await self._send_text(render.encode(frame))

    async def _send_text(self, text: str) -> bool:
        if self._buffered() > self._context.access.limits.send_buffer_bytes:
            self._abort()
            return False
        try:
            await self._socket.send_str(text)
        except (ConnectionError, RuntimeError):
            return False
        return True

    def _buffered(self) -> int:
        transport = self._request.transport
        return 0 if transport is None or transport.is_closing() else transport.get_write_buffer_size()

    def _abort(self) -> None:
        """No close frame would get through: the client notices the loss, comes back and resumes."""
        _log.info("socket.too_slow", conversation=self.conversation_id)
        transport = self._request.transport
        if transport is not None:
            transport.abort()


def _error(error: HubError, frame: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An ``error`` frame, with the codes that problem documents have."""
    shown: dict[str, Any] = {"type": "error", "code": "internal_error", "detail": "Something went wrong on our side."}
    match error:
        case TooManyRequests():
            shown |= {"code": "rate_limited", "detail": error.detail, "retry_after": round(error.retry_after, 2)}
        case Overloaded():
            shown |= {"code": "unavailable", "detail": error.detail, "retry_after": error.retry_after}
        case StoreUnavailable():
            shown |= {"code": "unavailable", "detail": "Nothing was stored.", "retry_after": _RETRY_SECONDS}
        case InvalidInput() | NotAllowed() | Unauthenticated():
            shown |= {"code": error.code, "detail": error.detail}
    if (client_id := _named(frame or {})) is not None:
        shown["client_id"] = client_id
    return shown


def _named(frame: Mapping[str, Any]) -> str | None:
    """The client's id of the message, as far as it can be repeated to it."""
    client_id = frame.get("client_id")
    return client_id if isinstance(client_id, str) and len(client_id) <= 64 else None


def _peek(body: bytes) -> Mapping[str, Any]:
    """The frame that is refused for coming too soon, so that the answer can name the message."""
    with contextlib.suppress(InvalidInput):
        if len(body) <= 64 * 1024:
            return parse.decode(body)
    return {}
