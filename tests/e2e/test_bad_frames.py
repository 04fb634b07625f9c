"""Bad frames over the WebSocket of a real process: each gets a clear error, the line lives on, nothing is stored of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import WSMsgType

from tests.e2e import stored
from tests.e2e.site import Site
from tests.e2e.visitor import visiting
from tests.integration.web.bare_socket import closing_code, opened, received, text_frame
from tests.servers.hub import Hub

LONG = "x" * 8_001
HUGE = "x" * 70_000


def _message(**fields: Any) -> str:
    return json.dumps({"type": "message", "client_id": "bad", "content": "Hi", **fields})


FRAMES: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ("{", "bad_frame"),
    "nothing": ("", "bad_frame"),
    "a list": ("[]", "bad_frame"),
    "deep nesting": ("[" * 20_000, "bad_frame"),
    "a number too large": ('{"type": "resume", "after": 1e999}', "bad_frame"),
    "an unknown type": ('{"type": "takeover"}', "bad_frame"),
    "a type that is no text": ('{"type": {"message": 1}}', "bad_frame"),
    "a server's frame": ('{"type": "complete", "id": "1", "content": "I am the agent"}', "bad_frame"),
    "auth again": ('{"type": "auth", "token": "x"}', "bad_frame"),
    "no content": ('{"type": "message", "client_id": "bad"}', "empty"),
    "blank content": (_message(content=" \n\t "), "empty"),
    "content that is no text": (_message(content=["Hi"]), "bad_frame"),
    "a control character": (_message(content="a\x00b"), "bad_frame"),
    "half a surrogate pair": ('{"type": "message", "client_id": "bad", "content": "\\ud83d"}', "bad_frame"),
    "too long": (_message(content=LONG), "too_long"),
    "far too long": (_message(content=HUGE), "too_long"),
    "a client_id that is a path": (_message(client_id="../x"), "bad_frame"),
    "a client_id too long": (_message(client_id="x" * 65), "bad_frame"),
    "a client_id with markup": (_message(client_id="<script>"), "bad_frame"),
    "a file of nobody": (_message(attachments=["nope"]), "unknown_attachment"),
    "files that are no list": (_message(attachments="nope"), "bad_frame"),
    "too many files": (_message(attachments=list("123456")), "too_many_attachments"),
    "an unknown action": (_message(action="become_admin"), "bad_frame"),
    "a locale with markup": (_message(locale="<b>"), "bad_frame"),
    "a negative cursor": ('{"type": "resume", "after": -1}', "bad_frame"),
    "bytes": (b"\x00\x01\x02", "bad_frame"),
}


async def test_every_bad_frame_is_answered_and_the_line_lives_on(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor, visitor.socket() as socket:
        await socket.next()
        for name, (frame, code) in FRAMES.items():
            if isinstance(frame, bytes):
                await socket.ws.send_bytes(frame)
            else:
                await socket.ws.send_str(frame)
            assert (await socket.refusal())[0] == code, name
        await socket.ws.send_frame(b'{"type": "message", "client_id": "bad", "content": "\xc3\x28"}', WSMsgType.TEXT)
        assert (await socket.refusal())[0] == "bad_frame"
        await socket.send(type="ping")
        assert await socket.until("pong") == {"type": "pong"}
        await socket.send(type="message", content="Hello", client_id="good")
        await socket.until("complete")
        assert stored.said(shared_hub, visitor.id) == ["Hello"]


async def test_an_error_names_the_message_it_answers(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor, visitor.socket() as socket:
        await socket.ws.send_str(_message(content="", client_id="empty-one"))
        assert await socket.refusal() == ("empty", "empty-one")
        await socket.ws.send_str(_message(content=LONG, client_id="long-one"))
        assert await socket.refusal() == ("too_long", "long-one")


async def test_a_frame_too_large_to_hold_ends_only_its_own_line(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor, visitor.socket() as other:
        await other.next()
        async with opened(shared_hub.url) as (reader, writer):
            writer.write(text_frame(json.dumps({"type": "auth", "token": visitor.session["token"]})))
            assert json.loads((await received(reader))[1])["type"] == "status"
            writer.write(text_frame(_message(content="x" * 5_000_000)))
            assert await closing_code(reader) == 1009
        await other.send(type="ping")
        assert await other.next() == {"type": "pong"}
        assert stored.messages(shared_hub, visitor.id) == []


async def test_the_same_message_however_often_is_stored_once(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:

        async def by_socket() -> dict[str, Any]:
            async with visitor.socket() as socket:
                await socket.send(type="message", content="Hello", client_id="once")
                return await socket.until("ack")

        acks = await asyncio.gather(*(by_socket() for _ in range(5)))
        assert len({(ack["id"], ack["cursor"]) for ack in acks}) == 1
        posted = await asyncio.gather(*(visitor.say("Hello", "once") for _ in range(3)))
        assert {answer.status for answer in posted} == {200}
        assert len({answer.body["message_id"] for answer in posted}) == 1
        other_text = await visitor.say("Something else under the same id", "once")
        assert other_text.body["message_id"] == posted[0].body["message_id"]
        assert [who for who, _ in stored.messages(shared_hub, visitor.id)] == ["customer", "agent"]


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type": "message", "content": "Hi", "client_id": "c1"}', 4401),
        ("{", 4401),
        ('{"type": "auth"}', 4401),
        ('{"type": "auth", "token": ""}', 4403),
        ('{"type": "auth", "token": "a.b.c"}', 4403),
        ('{"type": "auth", "token": "' + "x" * 9_000 + '"}', 4403),
    ],
)
async def test_without_a_good_token_nothing_opens(shared_hub: Hub, first: str, code: int) -> None:
    async with visiting(shared_hub) as visitor, visitor.socket(token=None) as socket:
        await socket.ws.send_str(first)
        assert await socket.code() == code


async def test_another_site_cannot_open_a_line(shared_hub: Hub, site: Site) -> None:
    async with visiting(shared_hub) as visitor:
        async with visitor.socket(Origin="https://evil.example") as socket:
            assert await socket.code() == 4403
        async with visitor.socket(Origin=site.origin) as socket:
            assert (await socket.next())["type"] == "status"


async def test_what_is_no_websocket_at_all_is_a_problem_document(shared_hub: Hub) -> None:
    async with visiting(shared_hub) as visitor:
        answer = await visitor.call("GET", "/ws")
        assert answer.problem[0] in (400, 426)
