"""A channel that was the staff's before is known as that, also when the database was away while the hub started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from channels.slack.adapter import SlackChannel
from channels.slack.settings import STAFF_CHANNEL
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import BOT, GRACE, PUBLIC, STAFF
from core.domain.errors import StoreUnavailable
from core.domain.messages import Audience
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings


class Away:
    """What the channel keeps in a database that does not answer for a while."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.away = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def recall_all(self, channel: str, account: str, prefix: str, limit: int = 1000) -> Mapping[str, str]:
        if self.away:
            raise StoreUnavailable("The database is away.")
        return await self._store.recall_all(channel, account, prefix, limit)


async def test_nobody_is_taken_for_a_customer_there(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    await store.remember("slack", "default", f"{STAFF_CHANNEL}{PUBLIC}", "1.1")
    memory = Away(store)
    around = surroundings(store, tmp_path, memory=memory)
    channel = SlackChannel(settings(fake, staff_channels=frozenset({STAFF})), around)
    event = fake.say(f"<@{BOT}> this customer again", user=GRACE, channel=PUBLIC)
    async with serving(Hub(channel, around, sink, fake)) as hub:
        assert await hub.push(event) == 503, "Slack brings it again"
        assert not sink.events
        memory.away = False
        assert await hub.push(event) == 200
        assert {one.audience for one in sink.events} <= {Audience.STAFF}
        told = fake.say("And a question", user=GRACE, channel=PUBLIC)
        assert await hub.push(told) == 200
        assert {one.audience for one in sink.events} <= {Audience.STAFF}
