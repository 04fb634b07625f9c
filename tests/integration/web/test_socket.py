"""The WebSocket, from its first frame to its close code."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from aiohttp import WSMsgType

from channels.web.settings import Rate, WebSettings
from tests.integration.web.rig import KEY, Rig, Socket, running, with_limits
from tests.patience import PATIENCE


async def test_a_question_streams_its_answer(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        first = await socket.next()
        assert first == {"type": "status", "status": "bot", "latest": 0, "config": session["config"]}
        rig.responder.end.clear()
        await socket.send(type="message", content="Hi", client_id="c1")
        for _ in range(2):
            await socket.until("text")
        rig.responder.end.set()
        done = await socket.until("complete")
    acks = [frame for frame in socket.seen if frame["type"] == "ack"]
    assert acks == [{"type": "ack", "client_id": "c1", "id": acks[0]["id"], "cursor": 1}]
    texts = [frame for frame in socket.seen if frame["type"] == "text"]
    assert "".join(frame["delta"] for frame in texts) == "You wrote: Hi"
    assert [frame["index"] for frame in texts] == [0, 1]
    assert {frame["turn_id"] for frame in texts} == {done["turn_id"]}
    assert all(isinstance(frame["epoch"], int) for frame in texts)
    sources = [frame for frame in socket.seen if frame["type"] == "sources"]
    assert sources[0]["sources"][0]["metadata"]["section"] == "Account"
    assert done["content"] == "You wrote: Hi [1]"
    assert done["in_reply_to"] == acks[0]["id"]
    assert any(frame["type"] == "typing" and frame["author"] == "agent" for frame in socket.seen)
    own = next(frame for frame in socket.seen if frame["type"] == "message")
    assert (own["author"], own["client_id"], own["id"]) == ("customer", "c1", acks[0]["id"])
    cursors = [frame["cursor"] for frame in socket.seen if "cursor" in frame and frame["type"] != "ack"]
    assert all(before < after for before, after in pairwise(cursors))


async def test_the_same_message_again_gets_the_same_ack(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="Hi", client_id="c1")
        first = await socket.until("ack")
        await socket.send(type="message", content="Hi", client_id="c1")
        assert await socket.until("ack") == first


async def test_resume_brings_what_was_missed_once_and_in_order(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="one", client_id="c1")
        seen = (await socket.until("complete"))["cursor"]
    for number in range(3):
        await rig.say(session, f"missed {number}", f"m{number}")
    async with rig.socket(session) as socket:
        latest = (await socket.next())["latest"]
        await socket.send(type="resume", after=seen)
        resumed = await socket.until("resumed")
    assert resumed == {"type": "resumed", "after": seen, "upto": latest}
    contents = [frame["content"] for frame in socket.seen if frame["type"] in ("message", "complete")]
    assert contents == [text for n in range(3) for text in (f"missed {n}", f"You wrote: missed {n} [1]")]


async def test_resume_with_nothing_missed_is_answered(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.send(type="resume", after=0)
        assert await socket.until("resumed") == {"type": "resumed", "after": 0, "upto": 0}


async def test_after_a_restart_nothing_is_missed_and_nothing_doubles(rig: Rig) -> None:
    session = await rig.session()
    rig.responder.gate.clear()
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="before", client_id="c1")
        await socket.until("text")
        cursor = max(frame.get("cursor", 0) for frame in socket.seen if frame["type"] != "ack")
        rig.responder.gate.set()
        await rig.restart()
        assert await socket.code() == 1001
    async with rig.socket(session) as socket:
        await socket.send(type="resume", after=cursor)
        await socket.send(type="message", content="before", client_id="c1")
        done = await socket.until("complete")
        await socket.until("resumed") if not any(f["type"] == "resumed" for f in socket.seen) else None
    assert done["content"] == "You wrote: before [1]"
    _, body, _ = await rig.call("GET", f"/api/sessions/{session['session_id']}/history", session["token"])
    assert [message["author"] for message in body["messages"]] == ["customer", "agent"]


async def test_two_tabs_see_the_same(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as one, rig.socket(session) as two:
        await one.next()
        await two.next()
        await one.send(type="message", content="Hi", client_id="c1")
        assert await one.until("complete") == await two.until("complete")
    stored = [[frame["id"] for frame in tab.seen if frame["type"] == "message"] for tab in (one, two)]
    assert stored[0] == stored[1]


async def test_a_transfer_tells_the_status(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.next()
        await socket.send(type="message", content="a person please", client_id="c1", action="request_person")
        status = await socket.until("status")
    assert (status["status"], status["cursor"] > 1) == ("queued", True)
    async with rig.socket(session) as socket:
        assert (await socket.next())["status"] == "queued"


async def test_bad_frames_are_answered_and_the_connection_survives(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.next()
        for bad, code in (
            ("{", "bad_frame"),
            ("[]", "bad_frame"),
            ('{"type": "nonsense"}', "bad_frame"),
            ('{"type": ["message"]}', "bad_frame"),
            ('{"type": "message", "content": 7}', "bad_frame"),
            ('{"type": "message", "content": "a\\u0000b"}', "bad_frame"),
            ('{"type": "message", "content": "\\ud800"}', "bad_frame"),
            ('{"type": "message", "content": "  "}', "empty"),
            ('{"type": "message", "content": "x", "client_id": "a/b"}', "bad_frame"),
            ('{"type": "message", "content": "x", "attachments": ["nope"]}', "unknown_attachment"),
            ('{"type": "message", "content": "x", "attachments": ["1","2","3","4","5","6"]}', "too_many_attachments"),
            ('{"type": "message", "content": "' + "x" * 8001 + '"}', "too_long"),
            ('{"type": "message", "content": "' + "x" * 70_000 + '"}', "too_long"),
            ('{"type": "resume", "after": -1}', "bad_frame"),
            ('{"type": "auth", "token": "again"}', "bad_frame"),
            ("[" * 20_000, "bad_frame"),
        ):
            await socket.ws.send_str(bad)
            assert (await socket.until("error"))["code"] == code, bad[:60]
        await socket.ws.send_bytes(b"\x00\x01")
        assert (await socket.until("error"))["code"] == "bad_frame"
        await socket.ws.send_frame(b'{"type": "message", "content": "\xff"}', 1)
        assert (await socket.until("error"))["code"] == "bad_frame"
        await socket.send(type="ping")
        assert (await socket.until("pong")) == {"type": "pong"}
        await socket.send(type="message", content="still here", client_id="c1")
        assert (await socket.until("complete"))["content"] == "You wrote: still here [1]"


async def test_an_error_names_the_message_that_it_answers(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="", client_id="c9")
        assert (await socket.until("error"))["client_id"] == "c9"


async def test_scripts_are_kept_as_text(rig: Rig) -> None:
    nasty = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.send(type="message", content=nasty, client_id="c1")
        assert (await socket.until("message"))["content"] == nasty


async def test_without_auth_nothing_opens(tmp_path: Path) -> None:
    settings = with_limits(WebSettings(secret_keys=(KEY,)), auth_seconds=0.2)
    async with running(tmp_path, settings) as rig:
        session = await rig.session()
        for first, code in (
            (None, 4401),
            ({"type": "message", "content": "Hi", "client_id": "c1"}, 4401),
            ({"type": "auth", "token": session["session_id"]}, 4403),
            ({"type": "auth", "token": session["token"][:-3] + "abc"}, 4403),
        ):
            async with rig.http.ws_connect(f"{rig.url}/ws") as ws:
                if first is not None:
                    await ws.send_json(first)
                while (await ws.receive(timeout=PATIENCE)).type == 1:
                    pass
                assert ws.close_code == code, first


async def test_a_foreign_site_is_refused(tmp_path: Path) -> None:
    settings = WebSettings(secret_keys=(KEY,), origins=("https://shop.example",))
    async with running(tmp_path, settings) as rig:
        session = await rig.session()
        async with rig.socket(session, headers={"Origin": "https://evil.example"}) as socket:
            assert await socket.code() == 4403
        for origin in ("https://shop.example", rig.url):
            async with rig.socket(session, headers={"Origin": origin}) as socket:
                assert (await socket.next())["type"] == "status"


async def test_an_ended_session_closes_its_sockets(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.next()
        status, _, _ = await rig.call("DELETE", f"/api/sessions/{session['session_id']}", session["token"])
        assert status == 204
        assert await socket.code() == 4410
    async with rig.socket(session) as socket:
        assert await socket.code() == 4410
    status, _ = await rig.say(session, "hello?", "c1")
    assert status == 410


async def test_too_many_frames_are_refused_and_then_the_line_is_cut(tmp_path: Path) -> None:
    settings = with_limits(WebSettings(secret_keys=(KEY,)), frames_per_socket=Rate(5, 60), refused_frames=3)
    async with running(tmp_path, settings) as rig:
        session = await rig.session()
        async with rig.socket(session) as socket:
            await socket.next()
            for _ in range(9):
                await socket.send(type="ping")
            for _ in range(5):
                assert (await socket.next())["type"] == "pong"
            error = await socket.next()
            assert (error["code"], error["retry_after"] > 0) == ("rate_limited", True)
            assert await socket.code() == 4429


@pytest.mark.parametrize("kind", [WSMsgType.BINARY, WSMsgType.PING, WSMsgType.PONG])
@pytest.mark.parametrize("authenticated", [True, False])
async def test_frames_without_text_count_as_others_do(tmp_path: Path, kind: WSMsgType, authenticated: bool) -> None:
    settings = with_limits(WebSettings(secret_keys=(KEY,)), frames_per_socket=Rate(5, 60), refused_frames=3)
    async with running(tmp_path, settings) as rig, rig.http.ws_connect(f"{rig.url}/ws") as ws:
        if authenticated:
            await ws.send_json({"type": "auth", "token": (await rig.session())["token"]})
            await ws.receive(timeout=PATIENCE)
        for _ in range(9):
            await ws.send_frame(b"x", kind)
        assert await Socket(ws).code() == 4429


async def test_a_ping_is_answered(rig: Rig) -> None:
    async with rig.http.ws_connect(f"{rig.url}/ws", autoping=False) as ws:
        await ws.ping(b"there?")
        answer = await ws.receive(timeout=PATIENCE)
        assert (answer.type, bytes(answer.data)) == (WSMsgType.PONG, b"there?")


async def test_too_many_connections_from_one_address(tmp_path: Path) -> None:
    settings = with_limits(WebSettings(secret_keys=(KEY,)), sockets_per_address=1)
    async with running(tmp_path, settings) as rig:
        session = await rig.session()
        async with rig.socket(session) as first:
            await first.next()
            async with rig.socket(session) as second:
                assert await second.code() == 4429
        async with rig.socket(session) as third:
            assert (await third.next())["type"] == "status"
