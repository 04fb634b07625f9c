"""A flood on a platform: everything is kept, one notice is sent, and others are answered."""

from __future__ import annotations

import functools

from sqlalchemy import func, select

from config.simulation.telegram_fake import TOKEN, TelegramFake
from core.clock import SystemClock
from core.domain.messages import Author
from core.storage.store import SqlStore
from core.storage.tables import message
from tests.fixtures.hub import MakeHub
from tests.unit.core.eventually import eventually

FLOOD, OTHER = 70_001, 70_002


async def test_a_flood_on_telegram_is_kept_and_others_are_answered(make_hub: MakeHub, sqlite_url: str) -> None:
    async with TelegramFake() as telegram:
        environment = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_BASE_URL": telegram.url,
            "MESSAGES_PER_ADDRESS": "3",
        }
        for number in range(30):
            await telegram.write(f"Message {number}", chat=FLOOD)
        hub = make_hub(database_url=sqlite_url, environment=environment)
        await telegram.until(lambda: any("kept" in text for text in telegram.texts(FLOOD)), 60)
        for number in range(10):
            await telegram.write(f"More {number}", chat=FLOOD)
        await telegram.write("Hello", chat=OTHER)
        await telegram.until(lambda: bool(telegram.texts(OTHER)), 60)
        assert "assistant of our company" in telegram.texts(OTHER)[0]
        await eventually(functools.partial(_are_stored, sqlite_url, 41))
        hub.stop()
        said = telegram.texts(FLOOD)
        assert len([text for text in said if "kept" in text]) == 1
        assert len(said) <= 4, "three messages are answered at most, and the notice"
        assert await _are_stored(sqlite_url, 41)


async def _are_stored(url: str, number: int) -> bool:
    store = SqlStore(url, SystemClock())
    await store.open()
    statement = select(func.count()).select_from(message).where(message.c.author == Author.CUSTOMER)
    found = await store.database.read(lambda connection: connection.scalar(statement))
    await store.close()
    return found == number
