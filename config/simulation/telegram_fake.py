"""Telegram's Bot API on loopback, in the test's own process: strict about every call, and with people who write to the bot.

It holds updates as Telegram does: a later offset confirms them, 409 while a webhook is set or another poll runs, webhooks
repeated until they are taken. ``next`` plays trouble: refusals, pauses, 5xx, and silence after the message was taken;
``weather`` thinks of some for every other call.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from config.simulation.loopback import PATIENCE, LoopbackServer
from config.simulation.telegram_api import WrongCall, check_call, from_form
from config.simulation.telegram_calls import BotState, Refusal

TOKEN = "123456789:FAKE-token_of_a_bot_in_tests"  # noqa: S105 - of a fake


@dataclass
class Trouble:
    """What happens to one call. ``taken``: it is carried out first; then the line drops, or the answer takes ``delay``.

    ``result``: what is said instead of the truth.
    """

    code: int = 200
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    taken: bool = False
    hang_up: bool = False
    delay: float = 0.0
    bare: bool = False
    result: Any = True


@dataclass
class Call:
    """One call that came in, whatever became of it. Files are bytes."""

    method: str
    params: dict[str, Any]


class TelegramFake(BotState):
    """``https_only`` as the public server; without it like a Bot API server of one's own, which takes plain HTTP.

    ``problems``: calls that the Bot API does not describe. ``pushed``: updates sent to the webhook, with its status.
    """

    def __init__(
        self, username: str = "acme_help_bot", *, token: str = TOKEN, https_only: bool = False, group_limit: int = 20
    ) -> None:
        super().__init__(username, https_only=https_only, group_limit=group_limit)
        self.token = token
        self.calls: list[Call] = []
        self.problems: list[str] = []
        self.pushed: list[tuple[int, int]] = []
        self.weather: Callable[[str, Mapping[str, Any]], Trouble | None] = lambda _method, _params: None
        self._next: dict[str, deque[Trouble]] = defaultdict(deque)
        self._ids = itertools.count(700_000)
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        self._server = LoopbackServer(app)
        self._pusher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> TelegramFake:
        await self._server.start_server(shutdown_timeout=0.2, access_log=None)
        self._pusher = asyncio.create_task(self._push())
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._pusher is not None:
            self._pusher.cancel()
            await asyncio.wait({self._pusher})
        await self._server.close()

    @property
    def url(self) -> str:
        """As in TELEGRAM_API_BASE_URL."""
        return str(self._server.make_url("")).rstrip("/")

    # People

    async def update(self, **content: Any) -> dict[str, Any]:
        """Something happens at Telegram; what the bot has not asked for is not kept."""
        update = {"update_id": next(self._ids), **content}
        kind = next(iter(content))
        for chat in (content[kind].get("chat"), (content[kind].get("message") or {}).get("chat")):
            if chat is not None:
                self.chats[chat["id"]] = chat
        if kind in self.kinds:
            await self.again(update)
        return update

    async def again(self, update: dict[str, Any]) -> None:
        """The same update waits (once more) to be delivered."""
        async with self.changed:
            self.updates.append(update)
            self.changed.notify_all()

    async def write(self, text: str, *, chat: int = 4711, **more: Any) -> dict[str, Any]:
        """A private message; the whole update."""
        return await self.update(message=self.message(text, chat=chat, **more))

    def message(self, text: str | None = None, *, chat: int = 4711, **more: Any) -> dict[str, Any]:
        """A message of a person, by default in their private chat."""
        person = {"id": abs(chat), "is_bot": False, "first_name": "Ada", "last_name": "Byron", "language_code": "en"}
        where = {"id": chat, "type": "private", "first_name": "Ada"}
        if chat < 0:
            where = {"id": chat, "type": "supergroup", "title": "Engines"}
        base = {"message_id": next(self.message_ids), "from": person, "chat": where, "date": int(self.now())}
        return base | ({"text": text} if text is not None else {}) | more

    async def press(self, message: Mapping[str, Any], data: str, *, date: int | None = None) -> str:
        """Somebody presses a button below one of the bot's messages; the id of the query."""
        query = f"q{next(self._ids)}"
        self.queries.add(query)
        person = {"id": 4711, "is_bot": False, "first_name": "Ada", "language_code": "de"}
        shown = {**message, "date": message["date"] if date is None else date}
        await self.update(
            callback_query={"id": query, "from": person, "message": shown, "chat_instance": "1", "data": data}
        )
        return query

    def next(self, method: str, *trouble: Trouble) -> None:
        """The next calls of that method end like this, one after the other."""
        self._next[method].extend(trouble)

    def texts(self, chat: int | None = None) -> list[str]:
        """What the bot has written, as people read it."""
        return [one["text"] for one in self.sent if "text" in one and chat in (None, one["chat"]["id"])]

    def named(self, method: str) -> list[dict[str, Any]]:
        """The parameters of all calls of a method."""
        return [call.params for call in self.calls if call.method == method]

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait for something to happen here."""
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(holds)

    # The API

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        if request.match_info["token"] != self.token:
            return _answer(Refusal(401, "Unauthorized"))
        try:
            params = await _params(request, method)
            check_call(method, params)
        except WrongCall as error:
            self.problems.append(str(error))
            return _answer(Refusal(400, f"Bad Request: {error}"))
        async with self.changed:
            self.calls.append(Call(method, params))
            self.changed.notify_all()
        trouble = self._next[method].popleft() if self._next[method] else self.weather(method, params)
        if trouble is not None and not trouble.taken:
            return await _troubled(request, trouble)
        try:
            result = await self.perform(method, params)
        except Refusal as refusal:
            return _answer(refusal)
        async with self.changed:
            self.changed.notify_all()
        if trouble is not None and (trouble.hang_up or trouble.delay or trouble.code != 200):
            return await _troubled(request, trouble)
        return web.json_response({"ok": True, "result": result})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        data = self.files.get(request.match_info["path"].removeprefix("documents/").removesuffix(".bin"))
        if request.match_info["token"] != self.token or data is None:
            return _answer(Refusal(404, "Not Found"))
        return web.Response(body=data, content_type="application/octet-stream")

    # The webhook

    async def _push(self) -> None:
        """One after the other, each until it is taken."""
        async with aiohttp.ClientSession() as http:
            while True:
                async with self.changed:
                    await self.changed.wait_for(lambda: self.webhook["url"] and self.updates)
                    update = self.updates[0]
                status, reply = await self._post(http, update)
                async with self.changed:
                    self.pushed.append((update["update_id"], status))
                    if 200 <= status < 300:
                        self.updates.remove(update)
                    else:
                        error = f"Wrong response from the webhook: {status}"
                        self.webhook |= {"last_error_date": int(self.now()), "last_error_message": error}
                    self.changed.notify_all()
                if 200 <= status < 300:
                    await self._obey(reply)
                else:
                    await asyncio.sleep(0.02)

    async def _post(self, http: aiohttp.ClientSession, update: dict[str, Any]) -> tuple[int, bytes]:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        try:
            async with http.post(self.webhook["url"], json=update, headers=headers) as response:
                return response.status, await response.read()
        except aiohttp.ClientError:
            return 0, b""

    async def _obey(self, reply: bytes) -> None:
        """A webhook may answer with a call."""
        if not reply.strip().startswith(b"{"):
            return
        params = json.loads(reply)
        method = params.pop("method")
        check_call(method, params)
        async with self.changed:
            self.calls.append(Call(method, params))
            self.changed.notify_all()
        await self.perform(method, params)


async def _params(request: web.Request, method: str) -> dict[str, Any]:
    if request.content_type == "multipart/form-data":
        form: dict[str, Any] = {}
        async for part in await request.multipart():
            assert isinstance(part, aiohttp.BodyPartReader)
            data, name = bytes(await part.read()), part.name or ""
            form[name] = from_form(method, name, data.decode()) if part.filename is None else data
        return form
    body = await request.read()
    params = json.loads(body) if body else {}
    if not isinstance(params, dict):
        raise WrongCall("Parameters are an object.")
    return params


async def _troubled(request: web.Request, trouble: Trouble) -> web.StreamResponse:
    await asyncio.sleep(trouble.delay)
    if trouble.hang_up:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()
    if trouble.bare:
        return web.Response(status=trouble.code, text="<html>Bad Gateway</html>", content_type="text/html")
    if trouble.code == 200:
        return web.json_response({"ok": True, "result": trouble.result})
    return _answer(Refusal(trouble.code, trouble.description, **(trouble.parameters or {})))


def _answer(refusal: Refusal) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        body["parameters"] = refusal.parameters
    return web.json_response(body, status=refusal.code)
