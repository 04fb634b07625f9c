"""Messages that a client sends without waiting for acknowledgements keep their order when one is refused for the moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from channels.web.settings import Rate, WebSettings
from tests.integration.web.rig import KEY, Rig, Socket, running, with_limits


async def test_nothing_overtakes_a_message_that_has_to_come_again(rig: Rig) -> None:
    session = await rig.session()
    rig.trouble["two"] = 1
    async with rig.socket(session) as socket:
        for text in ("one", "two", "three", "four"):
            await socket.send(type="message", content=text, client_id=text)
        assert [(await socket.until("error"))["client_id"] for _ in range(3)] == ["two", "three", "four"]
        assert {frame["code"] for frame in socket.seen if frame["type"] == "error"} == {"unavailable"}
        for text in ("four", "three"):  # not their turn: the oldest is to come first
            await socket.send(type="message", content=text, client_id=text)
            error = await socket.until("error")
            assert (error["client_id"], error["detail"]) == (text, "Send two again first.")
        for text in ("two", "three", "four", "five"):
            await socket.send(type="message", content=text, client_id=text)
            assert (await socket.until("ack"))["client_id"] == text
    assert await _written(rig, session) == ["one", "two", "three", "four", "five"]


async def test_a_message_refused_for_good_makes_room(rig: Rig) -> None:
    session = await rig.session()
    rig.trouble["two"] = 1
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="two", client_id="two")
        assert (await socket.until("error"))["code"] == "unavailable"
        await socket.send(type="message", content="", client_id="two")
        assert (await socket.until("error"))["code"] == "empty"
        await socket.send(type="message", content="three", client_id="three")
        await socket.until("ack")
    assert await _written(rig, session) == ["three"]


async def test_a_new_connection_begins_anew(rig: Rig) -> None:
    session = await rig.session()
    rig.trouble["one"] = 1
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="one", client_id="one")
        await socket.until("error")
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="two", client_id="two")
        assert (await socket.until("ack"))["client_id"] == "two"


@pytest.mark.parametrize("limit", ["frames_per_socket", "messages_per_session"])
async def test_a_rate_limit_keeps_the_order_too(tmp_path: Path, limit: str) -> None:
    """Its bucket fills while the refused message is on its way back; the ones behind must not use that."""
    settings = with_limits(WebSettings(secret_keys=(KEY,)), **{limit: Rate(3, 0.6)}, refused_frames=1000)
    async with running(tmp_path, settings) as rig:
        session = await rig.session()
        async with rig.socket(session) as socket:
            left = [str(number) for number in range(6)]
            while left:
                for text in left:
                    await socket.send(type="message", content=text, client_id=text)
                left = [text for text in left if not await _taken(socket)]
                await asyncio.sleep(0.1)  # as a client does that is asked to come back
        assert await _written(rig, session) == [str(number) for number in range(6)]


async def test_too_much_that_waits_ends_the_connection(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.web.turnstile._MOST", 2)
    session = await rig.session()
    rig.trouble["0"] = 1
    async with rig.socket(session) as socket:
        for number in range(3):
            await socket.send(type="message", content=str(number), client_id=str(number))
        assert await socket.code() == 1013


async def test_what_was_stored_after_all_holds_nobody_up(rig: Rig) -> None:
    """It was committed, the connection to the database broke before the reply: the log shows it, and it never comes again."""
    session = await rig.session()
    rig.lost_replies["one"] = 1
    async with rig.socket(session) as socket:
        await socket.send(type="message", content="one", client_id="one")
        frames = [await socket.until("error"), await socket.until("message")]
        assert [frame["client_id"] for frame in frames] == ["one", "one"]
        await socket.send(type="message", content="two", client_id="two")
        assert (await socket.until("ack"))["client_id"] == "two"
    assert await _written(rig, session) == ["one", "two"]


async def _taken(socket: Socket) -> bool:
    """Whether the next message in line was acknowledged; otherwise it was refused."""
    while (frame := await socket.next())["type"] not in ("ack", "error"):
        pass
    return bool(frame["type"] == "ack")


async def _written(rig: Rig, session: dict[str, str]) -> list[str]:
    _, page, _ = await rig.call("GET", f"/api/sessions/{session['session_id']}/history", session["token"])
    return [message["content"] for message in page["messages"] if message["author"] == "customer"]
