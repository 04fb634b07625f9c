"""Messages without words that a broken beginning left: Slack had made one, and its answer was lost, or we died before noting it.

``begin/<place>`` is remembered before a message is begun, and forgotten as soon as it is known which one it became. Where it
still stands, whoever comes next looks for what nobody knows of, and takes it away.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import asdict, dataclass

import structlog

from channels.slack.client import Sent, SlackClient
from channels.slack.files import MARK
from channels.slack.place import CHANNEL, Place, time_of
from channels.slack.refusals import Refused
from channels.slack.wire import Metadata, Posted
from core.domain.errors import HubError, StoreUnavailable
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

PLACEHOLDER = "…"
"""What stands in a message before its first words."""
WORDLESS: Metadata = {"event_type": MARK, "event_payload": {"key": "begun"}}
"""Goes with a placeholder that is posted; a stream's beginning takes no metadata (docs.slack.dev, chat.startStream)."""
_BACK = 600.0
_UNDER_WAY = 15.0
"""Seconds in which somebody may still be waiting for Slack's answer."""
_LATE = 60.0
"""Seconds after which a request that was on its way has arrived, or never will."""
_GIVEN_UP = 86_400.0
"""Seconds after which nobody asks Slack any more: the channel has gone, or lets us read no longer."""
_AGAIN = 30.0
_MOST = 10_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Beginning:
    """``since``: the last message before it, by Slack's clock. ``at``: when it began, by ours."""

    turn: str
    epoch: int
    channel: str
    since: str
    at: float


class Strays:
    """Remembers beginnings and clears up after broken ones."""

    def __init__(self, memory: ChannelMemory, account: str, clock: Clock) -> None:
        self._memory = memory
        self._account = account
        self._clock = clock
        self._lost: set[str] = set()
        self._doubts = asyncio.Event()

    @staticmethod
    def key(place: Place) -> str:
        """Under which a beginning there is remembered."""
        return f"begin/{place}"

    async def beginning(
        self, place: Place, channel: str, turn: str, epoch: int, *, since: str | None, before: str | None
    ) -> None:
        """A message is about to be begun. ``before``: one that is still in doubt. Raises StoreUnavailable."""
        now = self._clock.now().timestamp()
        since = since or place.thread_ts or f"{now - _BACK:.6f}"
        if before is not None:
            since = min(since, _read(before).since, key=float)
        value = json.dumps(asdict(Beginning(turn, epoch, channel, since, now)))
        await self._memory.remember(CHANNEL, self._account, self.key(place), value)

    async def begun(self, place: Place) -> None:
        """It is known which message it became, or that there is none. Raises StoreUnavailable."""
        self._lost.discard(str(place))
        await self._memory.forget(CHANNEL, self._account, self.key(place))

    async def not_begun(self, place: Place, before: str | None) -> None:
        """Nothing was asked of Slack after all; what was in doubt ``before`` still is. Raises StoreUnavailable."""
        if before is None:
            await self.begun(place)
        else:
            await self._memory.remember(CHANNEL, self._account, self.key(place), before)

    def under_way(self, place: Place, value: str) -> bool:
        """Whether somebody may still be waiting for Slack's answer to that beginning."""
        age = self._clock.now().timestamp() - _read(value).at
        return age < _UNDER_WAY and str(place) not in self._lost

    def doubt(self, place: Place) -> None:
        """Slack did not answer: there may be a message, now or in a moment."""
        self._lost.add(str(place))
        self._doubts.set()

    async def clear(
        self, client: SlackClient, place: Place, value: str | None, *, keep: str | None, over: bool
    ) -> bool:
        """Take away what the beginning has left, and whether nothing is in doubt any more.

        ``keep``: a message that is known. ``over``: that turn writes no more; otherwise only what nobody waits for any more is
        looked for. Raises nothing: it is only untidy.
        """
        if value is None:
            return True
        left = _read(value)
        age = self._clock.now().timestamp() - left.at
        if not over and self.under_way(place, value):
            self._doubts.set()
            return False
        try:
            found = await self._find(client, place, left, keep)
            if await self._memory.recall(CHANNEL, self._account, self.key(place)) != value:
                return False  # somebody has begun anew meanwhile, and what was found may be theirs
            for message in found:
                await remove(client, message, streaming=True)
            if found or age > _LATE:
                await self.begun(place)
                return True
        except HubError as error:
            _log.info("slack.stray_not_found", place=str(place), error=error.detail)
            if age > _GIVEN_UP:
                return await self._gave_up(place)
        self.doubt(place)
        return False

    async def _gave_up(self, place: Place) -> bool:
        with contextlib.suppress(StoreUnavailable):
            await self.begun(place)
            _log.warning("slack.stray_given_up", place=str(place))
        return True

    async def all(self) -> dict[Place, str]:
        """Where something was begun and may be in doubt, also by processes that died. Raises StoreUnavailable."""
        self._doubts.clear()
        kept = await self._memory.recall_all(CHANNEL, self._account, "begin/", limit=_MOST)
        return {Place.of(key.removeprefix("begin/")): value for key, value in kept.items()}

    async def doubted(self) -> None:
        """Returns a while after something came into doubt."""
        await self._doubts.wait()
        await self._clock.sleep(_AGAIN)

    async def _find(self, client: SlackClient, place: Place, left: Beginning, keep: str | None) -> list[Sent]:
        own = (await client.auth_test()).user
        pages = (
            client.replies(left.channel, place.thread_ts, oldest=left.since)
            if place.thread_ts is not None
            else client.history(left.channel, oldest=left.since)
        )
        found = []
        async for page in pages:
            for message in page:
                ts = str(message.get("ts"))
                if ts != keep and time_of(ts) > time_of(left.since) and _wordless(message, own):
                    found.append(Sent(left.channel, ts))
        return found


async def remove(client: SlackClient, message: Sent, *, streaming: bool) -> None:
    """Stop it where it is a stream, and delete it; being gone already is as good. Raises ChannelError."""
    if streaming:
        await stop(client, message)
    try:
        await client.delete(message)
    except Refused as error:
        if error.reason != "message_not_found":
            raise


async def stop(client: SlackClient, message: Sent) -> None:
    """From now on it is a message like any other. Raises ChannelError."""
    try:
        await client.stop_stream(message)
    except Refused as error:
        _log.info("slack.stream_was_stopped", reason=error.reason)


def _wordless(message: Posted, own: str) -> bool:
    """Ours, and nothing in it. An answer carries its own mark, and a file is something."""
    mark: object = message.get("metadata")
    if message.get("user") != own or message.get("files") or (mark and mark != WORDLESS):
        return False
    return str(message.get("text") or "").strip() in ("", PLACEHOLDER)


def _read(value: str) -> Beginning:
    return Beginning(**json.loads(value))
