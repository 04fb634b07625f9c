"""Thumbs up and down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from channels.web.settings import WebSettings
from core.storage.tables import customer
from tests.integration.web.rig import KEY, Rig, running


async def test_the_last_word_counts_and_shows_in_history(rig: Rig) -> None:
    session = await rig.session()
    _, answer = await rig.say(session, "Hi", "c1")
    for rating in ("up", "down"):
        body = {"message_id": answer["message_id"], "rating": rating, "comment": "<b>so so</b>"}
        status, said, _ = await rig.call("POST", "/api/feedback", session["token"], json=body)
        assert (status, said["rating"]) == (200, rating)
    _, page, _ = await rig.call("GET", f"/api/sessions/{session['session_id']}/history", session["token"])
    assert [message["feedback"] for message in page["messages"]] == [None, "down"]


async def test_only_own_answers_can_be_rated(rig: Rig) -> None:
    mine, theirs = await rig.session(), await rig.session()
    _, answer = await rig.say(mine, "Hi", "c1")
    await rig.say(theirs, "Hi", "c1")
    _, page, _ = await rig.call("GET", f"/api/sessions/{mine['session_id']}/history", mine["token"])
    own_words = page["messages"][0]["id"]
    for session, message in ((theirs, answer["message_id"]), (mine, own_words), (mine, "nonsense")):
        body = {"message_id": message, "rating": "up"}
        assert (await rig.call("POST", "/api/feedback", session["token"], json=body))[0] == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [({"rating": "sideways"}, 400), ({"comment": 7}, 400), ({"comment": "x" * 2001}, 413), ({"message_id": None}, 400)],
)
async def test_bad_feedback_is_refused(rig: Rig, change: dict[str, Any], status: int) -> None:
    session = await rig.session()
    body = {"message_id": "m1", "rating": "up", **change}
    assert (await rig.call("POST", "/api/feedback", session["token"], json=body))[0] == status


async def test_it_can_be_switched_off(tmp_path: Path) -> None:
    async with running(tmp_path, WebSettings(secret_keys=(KEY,), feedback=False)) as rig:
        session = await rig.session()
        body = {"message_id": "m1", "rating": "up"}
        assert (await rig.call("POST", "/api/feedback", session["token"], json=body))[0] == 403


async def test_whoever_is_blocked_rates_nothing(rig: Rig) -> None:
    session = await rig.session()
    _, answer = await rig.say(session, "Hi", "c1")
    block = update(customer).values(blocked="Rude")
    await rig.store.database.write(lambda connection: connection.execute(block))
    body = {"message_id": answer["message_id"], "rating": "down", "comment": "From the blocked"}
    status, said, _ = await rig.call("POST", "/api/feedback", session["token"], json=body)
    assert (status, said["code"]) == (403, "blocked")
    _, page, _ = await rig.call("GET", f"/api/sessions/{session['session_id']}/history", session["token"])
    assert [message["feedback"] for message in page["messages"]] == [None, None]
