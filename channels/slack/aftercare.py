"""What Slack tells us that is no message: somebody opened the app, or took it away. After the acknowledgement, best effort."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

import structlog

from channels.slack import wire
from channels.slack.client import Sent, SlackClient
from channels.slack.mrkdwn import escaped
from channels.slack.names import Directory
from channels.slack.parse import team_of
from channels.slack.place import CHANNEL, Place
from channels.slack.plain import mentions
from channels.slack.render import context, section
from channels.slack.settings import SlackSettings
from channels.slack.wire import Json
from channels.slack.words import words
from channels.slack.workspaces import Workspaces
from core.domain.errors import HubError
from core.ports.channel_memory import ChannelMemory

_HOME = 10
_AT_ONCE = 4
_WAITING = 500
_log = structlog.get_logger(__name__)


class Aftercare:
    """``begin`` returns at once; ``close`` gives up what has not been done."""

    def __init__(
        self, settings: SlackSettings, memory: ChannelMemory, workspaces: Workspaces, directory: Directory
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._workspaces = workspaces
        self._directory = directory
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)

    def begin(self, body: bytes) -> None:
        """An event that was acknowledged. With very many of them waiting, this one is let go."""
        if len(self._tasks) < _WAITING:
            task = asyncio.create_task(self._care(body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait for all that was begun."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Nothing more."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _care(self, body: bytes) -> None:
        async with self._room:
            try:
                await self.of(wire.payload(body))
            except HubError as error:
                _log.info("slack.aftercare_failed", error=error.detail)
            except Exception:
                _log.exception("slack.aftercare_failed")

    async def of(self, whole: Json) -> None:
        """Do what one event asks for. Raises HubError."""
        event = whole.get("event")
        if whole.get("type") == "app_rate_limited":
            _log.error("slack.events_withheld", team=whole.get("team_id"), minute=whole.get("minute_rate_limited"))
        elif isinstance(event, dict):
            await self._event(team_of(whole), event)
        elif whole.get("team_id"):  # a command; who presses a button was met before
            person, team = wire.text(whole, "user_id"), wire.text(whole, "team_id")
            await self._directory.learn(await self._workspaces.client(team), [person] if person else [], [])

    async def _event(self, team: str, event: Json) -> None:
        tokens = event.get("tokens")
        match event.get("type"):
            case "app_uninstalled":
                await self._workspaces.removed(team)
            case "tokens_revoked" if isinstance(tokens, dict) and tokens.get("bot"):
                await self._workspaces.removed(team)
            case "app_home_opened" if event.get("tab") == "home":
                await self._show_home(team, wire.named(event, "user"))
            case "app_home_opened" if self._settings.agent_view:
                await self._suggest(team, wire.named(event, "channel"), None)
            case "assistant_thread_started":
                thread = wire.part(event, "assistant_thread")
                await self._suggest(team, wire.named(thread, "channel_id"), wire.named(thread, "thread_ts"))
            case "message" | "app_mention":
                await self._learn(team, event)

    async def _suggest(self, team: str, channel: str, thread_ts: str | None) -> None:
        if self._settings.suggested_prompts:
            client = await self._workspaces.client(team)
            await client.suggest_prompts(channel, thread_ts, self._settings.suggested_prompts)

    async def _learn(self, team: str, event: Json) -> None:
        people, channels = mentions(str(event.get("text") or ""))
        author = event.get("user")
        if isinstance(author, str) and not event.get("bot_id"):
            people |= {author}
        await self._directory.learn(await self._workspaces.client(team), sorted(people), sorted(channels))

    async def _show_home(self, team: str, user: str) -> None:
        client = await self._workspaces.client(team)
        await self._directory.learn(client, [user], [])
        said = words(self._directory.locale(user), self._settings.language)
        found = await self._memory.recall_all(CHANNEL, self._settings.account, f"home/{user}/")
        talks = [(Place.of(key.split("/", 2)[2]), json.loads(value)) for key, value in found.items()]
        talks = sorted((talk for talk in talks if talk[0].team == team), key=lambda talk: str(talk[1].get("ts")))
        for place, _ in talks[:-_HOME]:
            await self._memory.forget(CHANNEL, self._settings.account, f"home/{user}/{place}")
        blocks: list[Any] = [{"type": "header", "text": {"type": "plain_text", "text": said.home}}]
        blocks += [await _talk(client, place, talk) for place, talk in reversed(talks[-_HOME:])]
        if not talks:
            blocks.append(context(said.no_conversations))
        await client.publish_home(user, {"type": "home", "blocks": blocks})


async def _talk(client: SlackClient, place: Place, talk: Mapping[str, Any]) -> Any:
    text = escaped(" ".join(str(talk.get("text") or "").split())) or "…"
    with contextlib.suppress(HubError):
        link = await client.permalink(Sent(str(talk["channel"]), str(talk["ts"])))
        text = f"<{link}|{text.replace('|', '¦')}>"
    return section(f"• {text}")
