"""The page of ``switchboard simulate``: customers on every channel beside the staff's cases, for a person who tries the hub."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from config.simulation.customers import PLACES, Customers
from config.simulation.loopback import LoopbackServer
from config.simulation.staff import StaffDesk
from config.simulation.town import Town
from core.domain.errors import HubError

_PAGE = Path(__file__).with_name("page.html")
_MOST_CUSTOMERS = 200
_LONGEST = 20_000
"""Characters of a text."""
_HOSTS = ("127.0.0.1", "localhost")
Json = dict[str, Any]


@dataclass
class _Chat:
    """``log``: their own words, and of the hub's the number among what they read of it."""

    people: Customers
    place: str
    log: list[str | int] = field(default_factory=list)

    async def lines(self) -> list[Json]:
        read = await self.people.read()
        self.log += range(sum(isinstance(one, int) for one in self.log), len(read))
        shown = [
            ("Customer", one) if isinstance(one, str) else ("Hub", read[one])
            for one in self.log
            if not _gone(one, read)
        ]
        return [{"by": by, "text": text} for by, text in shown]


class SimulationPage:
    """Serves this machine alone: requests under another host's name, and posts that are no JSON, are refused."""

    def __init__(self, town: Town, port: int) -> None:
        self._town = town
        self._desk = StaffDesk(town)
        self._chats: list[_Chat] = []
        app = web.Application(client_max_size=256 * 1024, middlewares=[_local_only])
        app.router.add_get("/", self._show)
        app.router.add_get("/state", self._state)
        for path, does in (("/customers", self._begin), ("/write", self._write), ("/staff", self._answer)):
            app.router.add_post(path, _does(does))
        app.router.add_post("/press", _does(self._press))
        self.server = LoopbackServer(app, port=port)

    async def _show(self, request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        options = "".join(f"<option>{name}</option>" for name in PLACES)
        text = _PAGE.read_text("utf-8").replace("{{nonce}}", nonce).replace("{{channels}}", options)
        policy = f"default-src 'none'; connect-src 'self'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'"
        headers = {"Content-Security-Policy": f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _state(self, request: web.Request) -> web.Response:
        chats = [
            {"id": number, "place": chat.place, "lines": await chat.lines()} for number, chat in enumerate(self._chats)
        ]
        cases = [
            {"id": card["ts"], "lines": self._desk.conversation(card), "buttons": _pressable(self._desk.buttons(card))}
            for card in self._desk.cards
        ]
        return web.json_response({"chats": chats, "cases": cases})

    async def _begin(self, given: Json) -> None:
        if len(self._chats) >= _MOST_CUSTOMERS:
            raise ValueError("There are enough customers; start again.")
        place = str(given["channel"])
        self._chats.append(_Chat(PLACES[place](self._town, len(self._chats) + 1), place))

    async def _write(self, given: Json) -> None:
        chat, text = self._chats[int(given["id"])], _text_of(given)
        await chat.lines()
        chat.log.append(text)
        await chat.people.write(text, (), "")

    async def _answer(self, given: Json) -> None:
        await self._desk.write(self._card(given), _text_of(given))

    async def _press(self, given: Json) -> None:
        card, action = self._card(given), str(given["action"])
        if action not in self._desk.buttons(card):
            raise ValueError("The card has no such button any more.")
        await self._desk.press(card, action)

    def _card(self, given: Json) -> Json:
        found = [card for card in self._desk.cards if card["ts"] == given["id"]]
        if not found:
            raise ValueError("There is no such case.")
        return found[0]


def _gone(entry: str | int, read: list[str]) -> bool:
    """What the hub took back."""
    return isinstance(entry, int) and entry >= len(read)


def _pressable(buttons: dict[str, Json]) -> list[Json]:
    """Those that do something at once; forms are for the real Slack."""
    plain = {name: one for name, one in buttons.items() if one["type"] == "button" and name.startswith("staff_")}
    return [{"action": name, "text": one["text"]["text"]} for name, one in plain.items()]


def _text_of(given: Json) -> str:
    text = str(given["text"]).strip()
    if not 0 < len(text) <= _LONGEST:
        raise ValueError(f"Write something, of {_LONGEST} characters at most.")
    return text


def _does(action: Callable[[Json], Awaitable[None]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handler(request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return web.Response(status=415)
        try:
            await action(await request.json())
        except (HubError, ValueError, ArithmeticError, LookupError, TypeError, RecursionError) as error:
            detail = error.detail if isinstance(error, HubError) else str(error)
            return web.json_response({"detail": detail or "That is not possible."}, status=400)
        return web.json_response({})

    return handler


@web.middleware
async def _local_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Another site's page may have its own name lead to this machine."""
    if request.host.partition(":")[0] not in _HOSTS:
        return web.Response(status=403, text="This page is for this machine alone.")
    return await handler(request)
