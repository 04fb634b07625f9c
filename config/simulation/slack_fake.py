"""A strict Slack in the test's own process: the Web API, signed events over HTTP, Socket Mode, files and installation.

It refuses what Slack refuses: unknown tokens, missing scopes, JSON where only forms are read, blocks over their limits, channels
that the app is not in. Faults are ordered per method, and used up; ``weather`` thinks of one for every other call.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from config.simulation.loopback import PATIENCE, LoopbackServer
from config.simulation.slack_methods import METHODS, Spec
from config.simulation.slack_rules import Refusal, shown_in
from config.simulation.slack_views import Modals
from config.simulation.slack_world import (
    ANNA,
    APP,
    APP_TOKEN,
    BOT,
    BOT_ID,
    DIRECT,
    GRACE,
    LINUS,
    PUBLIC,
    SECRET,
    STAFF,
    TEAM,
    TOKEN,
    Channel,
    Fault,
    Json,
    Workspace,
    kind,
)

_JSON_FIELDS = frozenset({"blocks", "files", "metadata", "prompts", "view"})
"""In a form, these are JSON inside a text."""


class SlackFake:
    """``async with`` it; ``api_url`` is what SLACK_API_BASE_URL would be."""

    def __init__(self) -> None:
        self.workspaces: dict[str, Workspace] = {TOKEN: Workspace()}
        self.channels: dict[str, Channel] = defaultdict(
            Channel, {DIRECT: Channel(), PUBLIC: Channel(), STAFF: Channel()}
        )
        self.users: dict[str, Json] = {
            ANNA: person(ANNA, "Anna", "de-DE"),
            GRACE: person(GRACE, "Grace", "en-US"),
            LINUS: person(LINUS, "Linus", "en-US"),
        }
        self.files: dict[str, Json] = {}
        self.bytes: dict[str, bytes] = {}
        self.homes: dict[str, Json] = {}
        self.modals = Modals()
        self.staff = {GRACE, LINUS}
        self.prompts: list[Json] = []
        self.statuses: list[Json] = []
        self.codes: dict[str, Json] = {}
        self.agreed: Json | None = None
        self.calls: list[tuple[str, Json]] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.weather: Callable[[str, Json], Fault | None] = lambda _method, _args: None
        self.connections: list[web.WebSocketResponse] = []
        self.connected = asyncio.Event()
        self.acknowledged: dict[str, Json] = {}
        self.news = asyncio.Condition()
        self.socket_tokens = {APP_TOKEN}
        self.now: Callable[[], float] = time.time
        self._ids = itertools.count(1)
        self.silence_over = asyncio.Event()
        self._server = LoopbackServer(self._app())

    async def __aenter__(self) -> SlackFake:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.silence_over.set()
        for socket in self.connections:
            await socket.close()
        await self._server.close()

    @property
    def origin(self) -> str:
        """Without a slash at the end."""
        return str(self._server.make_url("")).rstrip("/")

    @property
    def api_url(self) -> str:
        """Ends in /api/."""
        return f"{self.origin}/api/"

    def fail(self, method: str, *faults: Fault) -> None:
        """The next calls of a method go wrong like this."""
        self.faults[method].extend(faults)

    def called(self, method: str) -> list[Json]:
        """The arguments of each call of it."""
        return [args for name, args in self.calls if name == method]

    def ts(self) -> str:
        """A new message's name."""
        return f"{self.now():.0f}.{next(self._ids):06d}"

    def shown(self, channel: str = DIRECT) -> list[str]:
        """What stands in a channel, by the app."""
        return [text_of(one) for one in self.channels[channel].messages if one.get("bot_id")]

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """After some call it holds."""
        async with asyncio.timeout(seconds), self.news:
            await self.news.wait_for(holds)

    # What people do

    def say(self, text: str, *, channel: str = DIRECT, user: str = ANNA, **more: Any) -> Json:
        """A person writes; the event that Slack makes of it."""
        message = {"type": "message", "user": user, "text": text, "ts": self.ts(), "team": TEAM, **more}
        self.channels[channel].messages.append(message)
        return self.event({**message, "channel": channel, "event_ts": message["ts"], "channel_type": kind(channel)})

    def event(self, event: Json, *, team: str = TEAM, bot: str = BOT) -> Json:
        """In the envelope of the Events API."""
        return {
            "token": "deprecated",
            "team_id": team,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{next(self._ids):08d}",
            "event_time": int(self.now()),
            "authorizations": [{"team_id": team, "user_id": bot, "is_bot": True, "is_enterprise_install": False}],
            "is_ext_shared_channel": self.channels[event["channel"]].outside if event.get("channel") else False,
        }

    def delete_root(self, channel: str, ts: str, *, team: str = TEAM, bot: str = BOT) -> Json:
        """A person deletes the app's message; where replies stand below it, a stone is left. The event of it."""
        messages = self.channels[channel].messages
        (old,) = [one for one in messages if one["ts"] == ts]
        hidden = {"type": "message", "hidden": True, "channel": channel, "ts": self.ts()}
        if not any(one.get("thread_ts") == ts and one["ts"] != ts for one in messages):
            messages.remove(old)
            gone = {**hidden, "subtype": "message_deleted", "deleted_ts": ts, "previous_message": dict(old)}
            return self.event(gone, team=team, bot=bot)
        before, stone = dict(old) | {"thread_ts": ts}, {"type": "message", "subtype": "tombstone", "user": "USLACKBOT"}
        old.clear()
        old |= {**stone, "text": "This message was deleted.", "hidden": True, "ts": ts, "thread_ts": ts}
        changed = {**hidden, "subtype": "message_changed", "message": dict(old), "previous_message": before}
        return self.event(changed, team=team, bot=bot)

    def file(self, name: str, content: bytes, media_type: str = "text/plain") -> Json:
        """A file of a person's, as it comes with a message."""
        file_id = f"F{next(self._ids):08d}"
        url = f"{self.origin}/files-pri/{TEAM}-{file_id}/download/{name}"
        self.bytes[file_id] = content
        self.files[file_id] = {
            "id": file_id,
            "name": name,
            "title": name,
            "mimetype": media_type,
            "size": len(content),
            "mode": "hosted",
            "url_private": url,
            "url_private_download": url,
        }
        return self.files[file_id]

    async def push(
        self, url: str, payload: Json, *, form: str | None = None, secret: str = SECRET, age: int = 0, retry: int = 0
    ) -> tuple[int, bytes]:
        """Deliver over HTTP, signed. ``form``: ``payload`` for interactions, ``command`` for commands."""
        body = json.dumps(payload).encode()
        kind_ = "application/json"
        if form:
            fields = {"payload": json.dumps(payload)} if form == "payload" else payload
            body, kind_ = urlencode(fields).encode(), "application/x-www-form-urlencoded"
        stamp = str(int(self.now()) - age)
        mac = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": kind_, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
            return answer.status, await answer.read()

    async def push_socket(self, payload: Json, kind_: str = "events_api") -> str:
        """Deliver over the newest connection; the envelope's id."""
        await self.connected.wait()
        envelope_id = f"env-{next(self._ids)}"
        envelope = {
            "envelope_id": envelope_id,
            "type": kind_,
            "payload": payload,
            "accepts_response_payload": kind_ == "slash_commands" or payload.get("type") == "view_submission",
        }
        await self.connections[-1].send_json(envelope)
        return envelope_id

    async def acknowledgement(self, envelope_id: str) -> Json:
        """What came back for an envelope."""
        await self.until(lambda: envelope_id in self.acknowledged)
        return self.acknowledged[envelope_id]

    async def disconnect(self) -> None:
        """Ask the newest connection to connect anew."""
        self.connected.clear()
        await self.connections[-1].send_json({"type": "disconnect", "reason": "refresh_requested"})

    # The Web API

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes(
            [
                web.post("/api/{method}", self._api),
                web.get("/api/{method}", self._api),
                web.post("/upload/{file}", self._upload),
                web.get("/files-pri/{place}/download/{name}", self._download),
                web.get("/socket", self._socket),
                web.get("/oauth/v2/authorize", self._authorize),
            ]
        )
        return app

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        spec = METHODS.get(method)
        if spec is None:
            return web.json_response({"ok": False, "error": "unknown_method"})
        args = await _arguments(request)
        if credentials := request.headers.get("Authorization", "").partition("Basic ")[2]:
            args["credentials"] = base64.b64decode(credentials).decode()
        self.calls.append((method, args))
        fault = self.faults[method].popleft() if self.faults[method] else self.weather(method, args)
        if fault is not None and not fault.written:
            return await self._faulty(request, fault)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        headers: dict[str, str] = {}
        try:
            if (workspace := self._allow(method, token, spec)) is not None:
                headers = {"X-OAuth-Scopes": ",".join(sorted(workspace.scopes))}
            self._foreign(args, workspace)
            if not spec.json and request.content_type == "application/json":
                raise Refusal("invalid_form_data")  # noqa: TRY301 - answered below, as all refusals
            answer = {"ok": True, **await spec.handler(self, args, workspace or Workspace())}
            async with self.news:
                self.news.notify_all()
        except Refusal as refusal:
            return web.json_response(refusal.answer, headers=headers)
        if fault is not None:
            return await self._faulty(request, fault)
        return web.json_response(answer, headers=headers)

    async def _faulty(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.silent:
            await self.silence_over.wait()
        if fault.drop:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after is not None else {}
        if fault.error:
            return web.json_response({"ok": False, "error": fault.error}, headers=headers)
        return web.Response(status=fault.status, headers=headers)

    def _allow(self, method: str, token: str, spec: Spec) -> Workspace | None:
        if method == "oauth.v2.access":
            return None
        if method == "apps.connections.open":
            if token not in self.socket_tokens:
                raise Refusal("invalid_auth" if not token.startswith("xoxb") else "not_allowed_token_type")
            return None
        workspace = self.workspaces.get(token)
        if not token:
            raise Refusal("not_authed")
        if workspace is None:
            raise Refusal("invalid_auth")
        if workspace.revoked:
            raise Refusal("token_revoked")
        if spec.scope and spec.scope not in workspace.scopes:
            raise Refusal("missing_scope", needed=spec.scope, provided=",".join(workspace.scopes))
        return workspace

    def _foreign(self, args: Json, workspace: Workspace | None) -> None:
        """A channel of another workspace is not there."""
        name = str(args.get("channel") or args.get("channel_id") or "")
        owner = self.channels[name].team if name in self.channels else None
        if workspace is not None and owner is not None and owner != workspace.team:
            raise Refusal("channel_not_found")

    async def _authorize(self, request: web.Request) -> web.Response:
        """Somebody who may do so agrees to what is asked for. ``agreed``: what the code will be worth."""
        asked = request.query
        if asked.get("client_id") != "id.1" or not asked.get("scope") or self.agreed is None:
            return web.Response(status=400, text="invalid_client_id")
        code = f"code-{next(self._ids)}"
        self.codes[code] = dict(self.agreed)
        back = urlencode({"code": code, "state": asked["state"]})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{back}"})

    def place(self, channel: Any, *, writes: bool = True) -> Channel:
        """Raises what Slack raises."""
        if channel in self.users:
            channel = DIRECT
        if channel not in self.channels:
            raise Refusal("channel_not_found")
        found = self.channels[channel]
        if not found.member:
            raise Refusal("not_in_channel")
        if writes and found.archived:
            raise Refusal("is_archived")
        return found

    def message(self, args: Json, *, own: bool = True) -> Json:
        """The message that arguments name."""
        for one in self.place(args.get("channel")).messages:
            if one["ts"] == args.get("ts") and one.get("subtype") != "tombstone":
                if own and not one.get("bot_id"):
                    raise Refusal("cant_update_message")
                return one
        raise Refusal("message_not_found")

    def post(self, args: Json, workspace: Workspace, **more: Any) -> tuple[str, Json]:
        """A message by the app. A person's id stands for their direct messages."""
        channel = DIRECT if args["channel"] in self.users else args["channel"]
        message: Json = {"type": "message", "user": workspace.bot, "bot_id": BOT_ID, "text": "", "ts": self.ts()}
        message |= {name: args[name] for name in ("text", "blocks", "thread_ts", "metadata") if args.get(name)}
        message |= more
        self.place(args["channel"]).messages.append(message)
        return channel, message

    async def _upload(self, request: web.Request) -> web.Response:
        file_id = request.match_info["file"]
        body = await request.read()
        known = self.files.get(file_id)
        if known is None or len(body) != known["size"]:
            return web.Response(status=400)
        self.bytes[file_id] = body
        return web.Response(text=f"OK - {len(body)}")

    async def _download(self, request: web.Request) -> web.Response:
        workspace = self.workspaces.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if workspace is None or "files:read" not in workspace.scopes:
            return web.Response(text="<!doctype html><title>Slack</title>Sign in", content_type="text/html")
        file_id = request.match_info["place"].partition("-")[2]
        if file_id not in self.bytes:
            return web.Response(status=404)
        return web.Response(body=self.bytes[file_id], content_type=self.files[file_id]["mimetype"])

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if faults := self.faults["socket"]:
            return await self._faulty(request, faults.popleft())
        socket = web.WebSocketResponse(heartbeat=10.0)  # Slack pings every few seconds
        await socket.prepare(request)
        self.connections.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1})
        self.connected.set()
        async for message in socket:
            answer = json.loads(message.data)
            async with self.news:
                self.acknowledged[answer["envelope_id"]] = answer
                self.news.notify_all()
        return socket


def person(user: str, name: str, locale: str) -> Json:
    """As users.info tells of them."""
    profile = {"display_name": name, "real_name": f"{name} Example"}
    return {"id": user, "name": name.lower(), "profile": profile, "locale": locale}


def text_of(message: Json) -> str:
    """What a message shows but for small print, or its text where it has no blocks."""
    blocks = message.get("blocks") or []
    sections = [shown_in(block) for block in blocks if block["type"] in ("section", "rich_text")]
    return "\n".join(sections) if blocks else str(message["text"])


async def _arguments(request: web.Request) -> Json:
    if request.content_type == "application/json":
        found = json.loads(await request.read())
        assert isinstance(found, dict)
        return found
    given = dict(request.query) | {name: str(value) for name, value in (await request.post()).items()}
    return {name: json.loads(value) if name in _JSON_FIELDS else value for name, value in given.items()}
