"""A customer's voice note and film: kept, honestly answered, and played by staff in the case's thread."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.desk.test_desk import CLAIM, Scene, scene
from tests.fixtures.hub import MakeHub
from tests.recordings import M4A, MP4, OGG

pytestmark = pytest.mark.slow


async def _sends(world: Scene, name: str, content: bytes, media_type: str, client_id: str) -> Any:
    kept = await world.visitor.upload(name, content, media_type)
    assert kept.status == 200, kept.body
    return await world.visitor.say("", client_id=client_id, attachments=[kept.body["id"]])


def _in_thread(world: Scene, card: dict[str, Any]) -> dict[str, bytes]:
    """The files below the card by their names."""
    slack = world.office.slack
    files = [file for message in world.office.thread(card) for file in message.get("files", [])]
    return {file["name"]: slack.bytes[file["id"]] for file in files}


async def test_staff_get_the_voice_note_and_the_film_with_their_names(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        answer = await _sends(world, "Sprachnachricht-7.ogg", OGG, "audio/ogg; codecs=opus", "v1")
        assert answer.status == 200
        assert answer.body["message"] == (
            "I cannot listen to “Sprachnachricht-7.ogg”, but I keep it with our conversation, so that a person can hear it. "
            "Would you like to talk to a person?"
        )
        await world.visitor.say("Yes, please", client_id="v2")
        card = await world.office.card(1)
        slack = world.office.slack
        await slack.until(lambda: "Sprachnachricht-7.ogg" in _in_thread(world, card), 20)
        await world.office.press(card, CLAIM)
        await world.reads("has joined")
        await _sends(world, "leak.mp4", MP4, "video/mp4", "v3")
        await slack.until(lambda: "leak.mp4" in _in_thread(world, card), 20)
        assert _in_thread(world, card) == {"Sprachnachricht-7.ogg": OGG, "leak.mp4": MP4}
        assert not any("cannot watch" in text for text in await world.texts()), "staff have it: nobody else answers"


async def test_a_clip_that_staff_record_reaches_the_customer(make_hub: MakeHub) -> None:
    async with scene(make_hub) as world:
        card = await world.claimed()
        clip = world.office.slack.file("audio_message.m4a", M4A, "video/mp4")
        await world.office.write(card, "Listen to this", files=[clip], subtype="file_share")
        await world.reads("Listen to this")
        (file,) = next(one["attachments"] for one in await world.history() if one["content"] == "Listen to this")
        assert (file["name"], file["media_type"]) == ("audio_message.m4a", "audio/mp4")
        got = await world.visitor.call("GET", file["url"], token=None)
        assert (got.status, got.body) == (200, M4A)
