"""Removes messages whose beginning was interrupted: Slack's answer was lost, or the process died. Finishes those that were
being written and did not become the answer, because Slack allowed no edit then, or that were withdrawn and could not be deleted.

The mark of a place says that a message begins there before Slack is asked for it. Where it still says so later, the channel is
searched for a message of ours that is no answer. ``left/<workspace>/<channel>/<ts>`` is remembered before the answer is posted
below a message, and forgotten when that is finished: by the next process, where this one ends before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Final

import structlog

from channels.slack.client import Refused, SlackClient
from channels.slack.files import MARK
from channels.slack.marks import Mark, Marks
from channels.slack.place import CHANNEL, Place, Sent, time_of
from channels.slack.wire import Metadata, Posted
from channels.slack.workspaces import Workspaces
from core.domain.errors import ChannelError, HubError, RateLimited, Rejected, StoreUnavailable, Unreachable
from core.end_tasks import end_tasks
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

PLACEHOLDER = "…"
"""What stands in a message before its first words."""
WORDLESS: Metadata = {"event_type": MARK, "event_payload": {"key": "begun"}}
"""Goes with a placeholder that is posted; a stream's beginning takes no metadata (docs.slack.dev, chat.startStream)."""
_UNDER_WAY = 15.0
"""Seconds in which another process may still wait for Slack's response."""
_LATE = 60.0
"""Seconds after which a request that was on its way has arrived, or never will."""
_GIVEN_UP = 86_400.0
"""Seconds after which the search ends: the channel is gone, or the app may not read it any more."""
_AGAIN = 30.0
_log = structlog.get_logger(__name__)
_KEY: Final = "left/"
_TRIES: Final = 10
"""The last of them four hours after the first, where Slack is away; the next start tries on."""
_GRACE: Final = 1.0
"""Seconds that stopping waits for calls under way."""


class OrphanedPlaceholders:
    """Deletes what interrupted beginnings left."""

    def __init__(self, marks: Marks, clock: Clock) -> None:
        self._marks = marks
        self._clock = clock
        self._lost: set[Place] = set()
        self._doubtful: set[Place] = set()
        self._doubts = asyncio.Event()
        self._listed = False

    def doubt(self, place: Place) -> None:
        """Slack did not answer: there may be a message, now or in a moment."""
        self._lost.add(place)
        self._look_later(place)

    async def clear(self, client: SlackClient, place: Place, value: str | None, *, over: bool) -> str | None:
        """Take away what the beginning has left. Returns the mark as it is then: it stays while there is doubt.

        ``over``: the turn has ended. Raises Unreachable while another process begins a message, and StoreUnavailable.
        """
        mark = Mark.read(value)
        age = self._clock.now().timestamp() - mark.at
        if not over and age < _UNDER_WAY and place not in self._lost:
            self._look_later(place)
            raise Unreachable("A message is just being begun there.")
        try:
            found = await _find(client, place, mark)
            if (now := await self._marks.read(place)) != value:
                return now  # somebody has begun anew meanwhile, and what was found may be theirs
            for message in found:
                await remove(client, message, streaming=True)
            is_over = bool(found) or age > _LATE
        except ChannelError as error:
            _log.info("slack.placeholder_not_found", place=str(place), error=error.detail)
            is_over = age > _GIVEN_UP
        if not is_over:
            self.doubt(place)
            return value
        self._lost.discard(place)
        return await self._marks.swap(place, value, mark.over()) or await self._marks.read(place)

    async def sweep(self, workspaces: Workspaces) -> None:
        """Look at all places in doubt; at first also at those of processes that ended. Raises StoreUnavailable."""
        if not self._listed:
            self._doubts.set()
            self._doubtful |= {place for place, mark in (await self._marks.all()).items() if mark.begins}
            self._listed = True
        self._doubts.clear()
        for place in list(self._doubtful):
            self._doubtful.discard(place)
            try:
                value = await self._marks.read(place)
                if Mark.read(value).begins:
                    await self.clear(await workspaces.client(place.team), place, value, over=False)
            except HubError as error:
                _log.info("slack.placeholder_not_swept", place=str(place), error=error.detail)
                self._look_later(place)

    async def doubted(self) -> None:
        """Returns a while after something came into doubt."""
        await self._doubts.wait()
        await self._clock.sleep(_AGAIN)

    def _look_later(self, place: Place) -> None:
        self._doubtful.add(place)
        self._doubts.set()


async def remove(client: SlackClient, message: Sent, *, streaming: bool) -> None:
    """Stop it where it is a stream, and delete it; being gone already is as good. Raises ChannelError."""
    if streaming:
        await stop(client, message)
    try:
        await client.chat_delete(channel=message.channel, ts=message.ts)
    except Refused as error:
        if error.reason != "message_not_found":
            raise


async def stop(client: SlackClient, message: Sent) -> None:
    """From now on it is a message like any other. Raises ChannelError."""
    try:
        await client.chat_stopStream(channel=message.channel, ts=message.ts)
    except Refused as error:
        _log.info("slack.stream_was_stopped", reason=error.reason)


async def _find(client: SlackClient, place: Place, mark: Mark) -> list[Sent]:
    own = (await client.identity()).user
    found = []
    async for page in client.messages(mark.channel, place.thread_ts, oldest=mark.since):
        for message in page:
            ts = str(message.get("ts"))
            if time_of(ts) > time_of(mark.since) and _is_unfinished(message, own):
                found.append(Sent(mark.channel, ts))
    return found


def _is_unfinished(message: Posted, own: str) -> bool:
    """Ours, and no answer: those carry a mark of their own. A file is something."""
    mark: object = message.get("metadata")
    return message.get("user") == own and not message.get("files") and (not mark or mark == WORDLESS)


async def _has_words(client: SlackClient, sent: Sent, thread_ts: str | None) -> bool:
    """Whether the message holds more than a placeholder; True where it is gone. Raises ChannelError."""
    alone: dict[str, Any] = {"oldest": sent.ts, "latest": sent.ts, "inclusive": True, "limit": 2}
    if thread_ts is None:
        found = await client.conversations_history(channel=sent.channel, **alone)
    else:  # brings the thread's first message as well
        found = await client.conversations_replies(channel=sent.channel, ts=thread_ts, **alone)
    return all(one.get("text") != PLACEHOLDER for one in found["messages"] if one.get("ts") == sent.ts)


class AbandonedMessages:
    """Finishes messages that did not become the answer: words that the customer has read stay, and a stream of them is stopped; a
    placeholder and what was withdrawn are deleted as soon as Slack allows it."""

    def __init__(self, memory: ChannelMemory, account: str, clock: Clock) -> None:
        self._memory = memory
        self._account = account
        self._clock = clock
        self._finishing: dict[str, asyncio.Task[None]] = {}

    async def leave(
        self, client: SlackClient, place: Place, sent: Sent, *, streaming: bool, worded: bool | None, wait: float = 0.0
    ) -> None:
        """The answer comes below it. ``worded``: whether it holds words that stay; None where only Slack knows. ``wait``: seconds
        for which Slack takes no call. Raises StoreUnavailable.
        """
        if streaming or not worded:
            key = f"{_KEY}{place.team}/{sent.channel}/{sent.ts}"
            how = {"streaming": streaming, "worded": worded, "thread_ts": place.thread_ts}
            await self._memory.remember(CHANNEL, self._account, key, json.dumps(how))
            self._finish_soon(client, key, sent, how, wait)

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
            await asyncio.wait(tasks, timeout=_GRACE)
            await end_tasks(*tasks)

    def _finish_soon(self, client: SlackClient, key: str, sent: Sent, how: dict[str, Any], wait: float = 0.0) -> None:
        if key not in self._finishing:
            self._finishing[key] = task = asyncio.create_task(self._finish(client, key, sent, wait, **how))
            task.add_done_callback(lambda _: self._finishing.pop(key, None))

    async def _finish(
        self,
        client: SlackClient,
        key: str,
        sent: Sent,
        wait: float,
        *,
        streaming: bool,
        worded: bool | None,
        thread_ts: str | None = None,
    ) -> None:
        for tries in range(_TRIES):
            await self._clock.sleep(wait)
            try:
                if worded is None:
                    worded = streaming or await _has_words(client, sent, thread_ts)
                if not worded:
                    await remove(client, sent, streaming=streaming)
                elif streaming:
                    await stop(client, sent)
            except Rejected as error:
                _log.info("slack.left_unfinished", key=key, error=error.detail)
            except ChannelError as error:
                _log.info("slack.left_for_later", key=key, error=error.detail)
                wait = (error.retry_after if isinstance(error, RateLimited) else _AGAIN) * 2**tries
                continue
            with contextlib.suppress(StoreUnavailable):
                await self._memory.forget(CHANNEL, self._account, key)
            return
