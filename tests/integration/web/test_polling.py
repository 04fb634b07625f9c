"""The long poll, for clients that cannot open a socket."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from channels.web.tokens import ACCOUNT, CHANNEL
from core.domain.keys import ConversationKey
from core.ports.event_log import LogFrame
from tests.integration.web.rig import Rig


async def test_polls_bring_the_frames_of_the_socket(rig: Rig) -> None:
    session = await rig.session()
    async with rig.socket(session) as socket:
        await socket.until("status")
        await rig.say(session, "Hi", "c1")
        await socket.until("complete")
    polled = await _events(rig, session, 0)
    assert [frame["type"] for frame in polled["frames"]] == ["message", "complete"]
    lasting = [frame for frame in socket.seen if frame["type"] in ("message", "complete")]
    assert polled["frames"] == lasting
    assert polled["cursor"] == lasting[-1]["cursor"]


async def test_a_poll_waits_for_what_comes(rig: Rig) -> None:
    session = await rig.session()
    waiting = asyncio.create_task(_events(rig, session, 0, wait=20))
    await rig.say(session, "Hi", "c1", query="?wait=0")
    polled = await waiting
    assert polled["frames"][0]["content"] == "Hi"


async def test_polls_from_cursor_to_cursor_miss_nothing(rig: Rig) -> None:
    session = await rig.session()
    seen: list[dict[str, Any]] = []
    cursor = 0
    for number in range(3):
        await rig.say(session, f"q{number}", f"c{number}", query="?wait=0")
        while not any(frame["type"] == "complete" and f"q{number}" in frame["content"] for frame in seen):
            polled = await _events(rig, session, cursor, wait=10)
            seen += polled["frames"]
            cursor = polled["cursor"]
    contents = [frame["content"] for frame in seen if frame["type"] in ("message", "complete")]
    assert contents == [text for n in range(3) for text in (f"q{n}", f"You wrote: q{n} [1]")]


async def test_a_long_log_comes_in_pages(rig: Rig) -> None:
    session = await rig.session()
    await rig.say(session, "Hi", "c0")
    home = ConversationKey(CHANNEL, ACCOUNT, session["session_id"]).conversation_id
    for start in range(0, 1200, 100):
        await rig.store.append(home, [LogFrame("status", {"n": n}, dedupe=f"n{n}") for n in range(start, start + 100)])
    cursor, sizes = 0, []
    while (polled := await _events(rig, session, cursor, wait=1))["frames"]:
        sizes.append(len(polled["frames"]))
        cursor = polled["cursor"]
        if len(sizes) == 3:
            break
    assert sizes == [500, 500, 202]


@pytest.mark.parametrize("after", [2**31, 2**53, "9" * 18])
async def test_a_cursor_that_no_log_has_is_refused(rig: Rig, after: int | str) -> None:
    session = await rig.session()
    for path in ("events", "history"):
        url = f"/api/sessions/{session['session_id']}/{path}?after={after}"
        status, problem, _ = await rig.call("GET", url, session["token"])
        assert (status, problem["code"]) == (400, "bad_frame")


async def test_a_place_that_the_log_has_not_reached_is_put_right(rig: Rig) -> None:
    """After a backup was brought back a client may know more than the hub; it must not wait there for ever."""
    session = await rig.session()
    await rig.say(session, "Hi", "c1")
    newest = (await _events(rig, session, 0))["cursor"]
    assert await _events(rig, session, 5000) == {"frames": [], "cursor": newest, "config": session["config"]}


async def test_an_empty_poll_keeps_its_place(rig: Rig) -> None:
    session = await rig.session()
    assert await _events(rig, session, 0) == {"frames": [], "cursor": 0, "config": session["config"]}


async def test_a_poll_ends_with_its_session(rig: Rig) -> None:
    session = await rig.session()
    path = f"/api/sessions/{session['session_id']}"
    await rig.say(session, "Hi", "c1")
    started = asyncio.get_running_loop().time()
    waiting = asyncio.create_task(rig.call("GET", f"{path}/events?after=99&wait=20", session["token"]))
    await rig.say(session, "Hi again", "c2")
    await rig.call("DELETE", path, session["token"])
    assert (await waiting)[0] == 410
    assert asyncio.get_running_loop().time() - started < 10


@pytest.mark.parametrize("query", ["after=x", "after=-1", "wait=soon", "after=1.5"])
async def test_bad_polls_are_refused(rig: Rig, query: str) -> None:
    session = await rig.session()
    status, problem, _ = await rig.call(
        "GET", f"/api/sessions/{session['session_id']}/events?{query}", session["token"]
    )
    assert (status, problem["code"]) == (400, "bad_frame")


@pytest.mark.parametrize(
    "wait", ["nan", "NaN", "inf", "-inf", "Infinity", "-1", "-0.5", "soon", "", "1e3", "0x10", "1_0", "٣"]
)
async def test_a_wait_that_is_no_time_is_refused_with_its_range(rig: Rig, wait: str) -> None:
    session = await rig.session()
    path = f"/api/sessions/{session['session_id']}/events?after=0&wait={quote(wait)}"
    status, problem, _ = await rig.call("GET", path, session["token"])
    assert (status, problem["code"]) == (400, "bad_frame")
    assert "wait is a number of seconds from 0 to 30" in problem["detail"]


async def test_a_wait_may_be_a_fraction_of_a_second(rig: Rig) -> None:
    session = await rig.session()
    path = f"/api/sessions/{session['session_id']}/events?after=0&wait=0.05"
    nothing = {"frames": [], "cursor": 0, "config": session["config"]}
    assert (await rig.call("GET", path, session["token"]))[:2] == (200, nothing)


async def _events(rig: Rig, session: dict[str, Any], after: int, wait: int = 0) -> dict[str, Any]:
    path = f"/api/sessions/{session['session_id']}/events?after={after}&wait={wait}"
    status, body, _ = await rig.call("GET", path, session["token"])
    assert status == 200
    polled: dict[str, Any] = body
    return polled
