"""Finishes messages that were being written and did not become the answer, because Slack allowed no edit then.

``left/<workspace>/<channel>/<ts>`` is remembered before the answer is posted below, and forgotten when the message is finished.
Where the process ends before that, the next one finishes it after its start.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Final

import structlog

from channels.slack.client import Sent, SlackClient
from channels.slack.orphaned_placeholders import remove, stop
from channels.slack.place import CHANNEL, Place
from channels.slack.workspaces import Workspaces
from core.domain.errors import ChannelError, RateLimited, Rejected, StoreUnavailable
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_KEY: Final = "left/"
_TRIES: Final = 5
_GRACE: Final = 1.0
"""Seconds that stopping waits for calls under way."""
_log = structlog.get_logger(__name__)


class AbandonedMessages:
    """Words that the customer has read stay; a placeholder is deleted as soon as Slack allows it."""

    def __init__(self, memory: ChannelMemory, account: str, clock: Clock) -> None:
        self._memory = memory
        self._account = account
        self._clock = clock
        self._finishing: dict[str, asyncio.Task[None]] = {}

    async def leave(self, client: SlackClient, place: Place, sent: Sent, *, streaming: bool, worded: bool) -> None:
        """The answer comes below it. Raises StoreUnavailable."""
        if streaming or not worded:
            key, how = f"{_KEY}{place.team}/{sent.channel}/{sent.ts}", {"streaming": streaming, "worded": worded}
            await self._memory.remember(CHANNEL, self._account, key, json.dumps(how))
            self._finish_soon(client, key, sent, how)

    async def sweep(self, workspaces: Workspaces) -> None:
        """Finish what processes that ended have left. Raises StoreUnavailable."""
        for key, value in (await self._memory.recall_all(CHANNEL, self._account, _KEY)).items():
            team, channel, ts = key.removeprefix(_KEY).split("/")
            try:
                client = await workspaces.client(team)
            except ChannelError as error:
                _log.info("slack.left_unfinished", key=key, error=error.detail)
            else:
                self._finish_soon(client, key, Sent(channel, ts), json.loads(value))

    async def close(self) -> None:
        """What cannot be finished in a moment stays remembered."""
        tasks = set(self._finishing.values())
        if tasks:
            _, waiting = await asyncio.wait(tasks, timeout=_GRACE)
            for task in waiting:
                task.cancel()
            await asyncio.wait(tasks)

    def _finish_soon(self, client: SlackClient, key: str, sent: Sent, how: dict[str, Any]) -> None:
        if key not in self._finishing:
            self._finishing[key] = task = asyncio.create_task(self._finish(client, key, sent, **how))
            task.add_done_callback(lambda _: self._finishing.pop(key, None))

    async def _finish(self, client: SlackClient, key: str, sent: Sent, *, streaming: bool, worded: bool) -> None:
        for _ in range(_TRIES):
            try:
                await (stop(client, sent) if worded else remove(client, sent, streaming=streaming))
            except RateLimited as error:
                await self._clock.sleep(error.retry_after)
                continue
            except Rejected as error:
                _log.info("slack.left_unfinished", key=key, error=error.detail)
            except ChannelError as error:
                _log.info("slack.left_for_later", key=key, error=error.detail)
                return
            with contextlib.suppress(StoreUnavailable):
                await self._memory.forget(CHANNEL, self._account, key)
            return
