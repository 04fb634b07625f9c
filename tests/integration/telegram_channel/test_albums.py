"""Albums in groups: whichever picture has the caption, and whenever the hub goes away, the whole album arrives or none of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from core.domain.errors import StoreUnavailable
from core.domain.messages import MessageEdited, MessageReceived
from core.intake import Intake
from core.ports.metrics import NoMetrics
from core.storage.wake_local import LocalWake
from tests.integration.telegram_channel.world import SECRET, World
from tests.patience import PATIENCE

GROUP = -4242
CAPTION = "@acme_help_bot are these two broken?"
Start = Callable[[World], Awaitable[None]]


async def _by_polling(world: World) -> None:
    await world.channel.start(world.sink)


async def _by_webhook(world: World) -> None:
    await world.behind_webhook()


@pytest.fixture(params=[_by_polling, _by_webhook], ids=["polling", "webhook"])
def start(request: pytest.FixtureRequest) -> Start:
    """Both ways in."""
    way: Start = request.param
    return way


def _picture(world: World, number: int, *, album: str = "135", caption: str | None = None) -> dict[str, Any]:
    photo = {"file_id": f"P{number}", "file_unique_id": f"u{number}", "width": 9, "height": 9, "file_size": 5}
    more: dict[str, Any] = {"media_group_id": album, "photo": [photo]}
    if caption is not None:
        name = {"type": "mention", "offset": 0, "length": len("@acme_help_bot")}
        more |= {"caption": caption, "caption_entities": [name] if caption.startswith("@acme") else []}
    return world.fake.message(chat=GROUP, **more)


async def _send(world: World, *pictures: dict[str, Any]) -> None:
    for picture in pictures:
        await world.fake.update(message=picture)
    await world.fake.until(lambda: not world.fake.updates)


def _files(world: World) -> list[str]:
    events = [event for event in world.sink.events if isinstance(event, MessageReceived)]
    return [file.id for event in events for file in event.attachments]


async def _aside(world: World) -> int:
    return len(await world.store.recall_all("telegram", "123456789", "album-part/"))


async def _nothing_aside(world: World) -> None:
    """Once the hub has tidied up."""
    async with asyncio.timeout(PATIENCE):
        while await _aside(world):
            pass


async def test_the_caption_may_stand_below_any_picture(quiet: World, start: Start) -> None:
    await start(quiet)
    await _send(quiet, _picture(quiet, 1), _picture(quiet, 2), _picture(quiet, 3, caption=CAPTION), _picture(quiet, 4))
    assert _files(quiet) == ["P1", "P2", "P3", "P4"]
    assert await quiet.sink.texts(4) == ["", "", "are these two broken?", ""]
    assert await _aside(quiet) == 0


async def test_an_answer_to_the_bot_may_be_an_album(quiet: World, start: Start) -> None:
    await start(quiet)
    first, second = _picture(quiet, 1), _picture(quiet, 2)
    answered = quiet.fake.message("Please send pictures", chat=GROUP) | {"from": quiet.fake.me}
    await _send(quiet, first, second | {"reply_to_message": answered})
    assert _files(quiet) == ["P1", "P2"]


async def test_a_restart_after_the_caption_loses_no_picture(quiet: World, start: Start) -> None:
    await start(quiet)
    await _send(quiet, _picture(quiet, 1, caption=CAPTION))
    await quiet.channel.stop()
    await quiet.close()
    quiet.channel = quiet.another("p2")
    await start(quiet)
    await _send(quiet, _picture(quiet, 2))
    assert _files(quiet) == ["P1", "P2"]


async def test_a_restart_before_the_caption_loses_no_picture(quiet: World, start: Start) -> None:
    await start(quiet)
    await _send(quiet, _picture(quiet, 1))
    await quiet.close()
    await quiet.clock.move(3 * 3600.0)
    quiet.channel = quiet.another("p2")
    await start(quiet)
    await _send(quiet, _picture(quiet, 2, caption=CAPTION))
    assert _files(quiet) == ["P1", "P2"]


async def test_what_could_not_be_stored_comes_again_and_once(quiet: World) -> None:
    await quiet.behind_webhook()
    await _send(quiet, _picture(quiet, 1))
    quiet.sink.failures = 2
    await _send(quiet, _picture(quiet, 2, caption=CAPTION))
    assert _files(quiet) == ["P1", "P2"]


async def test_a_picture_put_aside_waits_for_the_commit_of_the_caption_whatever_comes_in_between(quiet: World) -> None:
    await quiet.behind_webhook()
    await _send(quiet, _picture(quiet, 1))
    captioned = {"update_id": 92, "message": _picture(quiet, 2, caption=CAPTION)}
    last = {"update_id": 93, "message": _picture(quiet, 3)}
    quiet.sink.failures = 1
    async with aiohttp.ClientSession(headers={"X-Telegram-Bot-Api-Secret-Token": SECRET}) as http:
        for update, status in ((captioned, 503), (last, 200), (captioned, 200)):  # on several connections
            async with http.post(f"{quiet.public_url}/webhooks/telegram", json=update) as response:
                assert response.status == status
    assert sorted(_files(quiet)) == ["P1", "P2", "P3"]
    assert await _aside(quiet) == 0


async def test_an_album_for_somebody_else_is_not_kept(quiet: World, start: Start) -> None:
    await start(quiet)
    await _send(quiet, _picture(quiet, 1, caption="Our holiday"), _picture(quiet, 2))
    assert await _aside(quiet) == 2
    await quiet.clock.until(lambda: 600.0 in quiet.clock.sleeping)
    await quiet.clock.move(601.0)
    await _nothing_aside(quiet)
    assert _files(quiet) == []


async def test_what_was_put_aside_before_a_restart_is_not_kept_either(quiet: World) -> None:
    await quiet.behind_webhook()
    await _send(quiet, _picture(quiet, 1, caption="Our holiday"))
    await quiet.close()
    quiet.channel = quiet.another("p2")
    await quiet.behind_webhook()
    await quiet.clock.until(lambda: 600.0 in quiet.clock.sleeping)
    await quiet.clock.move(601.0)
    await _nothing_aside(quiet)


async def test_two_albums_at_once_are_two(quiet: World, start: Start) -> None:
    await start(quiet)
    await _send(quiet, _picture(quiet, 1, album="1"), _picture(quiet, 2, album="2"))
    await _send(quiet, _picture(quiet, 3, album="2", caption=CAPTION), _picture(quiet, 4, album="1"))
    assert _files(quiet) == ["P2", "P3"]


async def test_an_edited_caption_is_an_edit_after_a_restart_too(quiet: World, start: Start) -> None:
    await start(quiet)
    captioned, other = _picture(quiet, 1, caption=CAPTION), _picture(quiet, 2)
    await _send(quiet, captioned, other)
    await quiet.close()
    quiet.channel = quiet.another("p2")
    await start(quiet)
    await quiet.fake.update(edited_message=other | {"caption": "This one first", "edit_date": other["date"] + 5})
    await quiet.sink.until(lambda: isinstance(quiet.sink.events[-1], MessageEdited))
    (edit,) = [event for event in quiet.sink.events if isinstance(event, MessageEdited)]
    assert edit.text == "This one first"


async def test_an_unproven_request_puts_nothing_aside(quiet: World) -> None:
    await quiet.behind_webhook()
    quiet.fake.secret = "guess"
    await quiet.fake.update(message=_picture(quiet, 1))
    await quiet.fake.until(lambda: bool(quiet.fake.pushed))
    assert quiet.fake.pushed[-1][1] == 401
    assert await _aside(quiet) == 0
    quiet.fake.secret = SECRET
    await quiet.fake.until(lambda: not quiet.fake.updates)


async def test_an_album_in_a_group_is_one_turn_however_slowly_it_comes(quiet: World) -> None:
    intake = Intake(quiet.store, LocalWake(), NoMetrics(), {"telegram": quiet.channel.capabilities})
    await quiet.channel.start(intake)
    for number, caption in ((1, None), (2, CAPTION), (3, None), (4, None)):
        await _send(quiet, _picture(quiet, number, caption=caption))
        assert await quiet.store.claim(1, 5.0, history=10) == []
        await quiet.clock.move(0.6)
    await quiet.clock.move(0.3)
    (turn,) = await quiet.store.claim(1, 5.0, history=10)
    assert [message.text for message in turn.pending] == ["", "are these two broken?", "", ""]


async def test_while_the_memory_is_away_nothing_is_confirmed(quiet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await quiet.behind_webhook()
    remember, failures = quiet.store.remember, [2]

    async def fails_twice(*given: Any) -> None:
        if failures[0] and given[2].startswith("album"):
            failures[0] -= 1
            raise StoreUnavailable("The disk is full.")
        await remember(*given)

    monkeypatch.setattr(quiet.store, "remember", fails_twice)
    await _send(quiet, _picture(quiet, 1), _picture(quiet, 2, caption=CAPTION))
    assert _files(quiet) == ["P1", "P2"]
    assert [status for _, status in quiet.fake.pushed].count(503) == 2
