"""Operators see what was refused, and why, without what was said."""

from __future__ import annotations

from core.ports.metrics import Counter
from tests.integration.web.rig import Rig


async def test_refused_messages_are_counted_by_their_code(rig: Rig) -> None:
    session = await rig.session()
    assert (await rig.say(session, "", "c1"))[0] == 400
    assert (await rig.say(session, "Hi", "c2", attachments=["unknown"]))[0] == 400
    assert (await rig.say(session, "Hi", "c3", query="?wait=soon"))[0] == 400
    async with rig.socket(session) as socket:
        await socket.ws.send_str("no JSON")
        await socket.until("error")
        await socket.ws.send_bytes(b"{}")
        await socket.until("error")
    refused = {
        reason: count for (counter, reason), count in rig.counts.seen.items() if counter is Counter.EVENTS_REFUSED
    }
    assert refused == {"web,empty": 1, "web,unknown_attachment": 1, "web,bad_frame": 3}


async def test_forged_tokens_are_counted_and_missing_ones_are_not(rig: Rig) -> None:
    session = await rig.session()
    path = f"/api/sessions/{session['session_id']}"
    assert (await rig.call("GET", path))[0] == 401
    assert rig.counts.seen[Counter.BAD_SIGNATURES, "web"] == 0
    assert (await rig.call("GET", path, session["token"] + "x"))[0] == 401
    async with rig.socket({"token": "forged"}) as socket:
        assert await socket.code() == 4403
    assert rig.counts.seen[Counter.BAD_SIGNATURES, "web"] == 2
    assert (await rig.call("GET", path, session["token"]))[0] == 200
    assert rig.counts.seen[Counter.BAD_SIGNATURES, "web"] == 2


async def test_what_is_accepted_is_not_counted_as_refused(rig: Rig) -> None:
    assert (await rig.say(await rig.session(), "Hello", "c1"))[0] == 200
    assert not rig.counts.seen
