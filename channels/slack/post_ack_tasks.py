"""Work that an event asks for after its acknowledgement: names, home tabs, prompts, removed installations. Best effort."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any, cast

import structlog

from channels.background import BackgroundTasks
from channels.slack import wire
from channels.slack.client import SlackClient
from channels.slack.colleagues import Colleagues
from channels.slack.mrkdwn import escaped
from channels.slack.names import Directory
from channels.slack.parse import own_user, team_of
from channels.slack.place import CHANNEL, Place, Sent
from channels.slack.plain import mentions
from channels.slack.reception import Reception
from channels.slack.render import context, section
from channels.slack.settings import SlackSettings
from channels.slack.views import StaffForms
from channels.slack.wire import Json, View
from channels.slack.words import Words, words
from channels.slack.workspaces import Workspaces
from core.domain.conversation import OwnershipState
from core.domain.errors import HubError
from core.ports.surroundings import Surroundings

_AT_ONCE = 4
_WAITING = 500
_INTRODUCTION = 0.7
_SHOWN = 10
_KEPT = 50
_SPOKEN = ("message", "app_mention")
_log = structlog.get_logger(__name__)


class PostAckTasks(BackgroundTasks):
    """``begin`` returns at once; ``close`` gives up what has not been done."""

    def __init__(
        self,
        settings: SlackSettings,
        around: Surroundings,
        workspaces: Workspaces,
        directory: Directory,
        reception: Reception,
        colleagues: Colleagues,
        forms: StaffForms,
    ) -> None:
        super().__init__()
        self._colleagues = colleagues
        self._settings = settings
        self._memory = around.memory
        self._conversations = around.conversations
        self._workspaces = workspaces
        self._directory = directory
        self._reception = reception
        self._forms = forms
        self._room = asyncio.Semaphore(_AT_ONCE)

    def begin(self, payload: Json) -> None:
        """Start the work for an acknowledged payload, if there is any. With very many of them waiting, drop this one."""
        event = payload.get("event")
        if isinstance(event, dict) and event.get("type") in _SPOKEN and not any(self._unlearned(event)):
            return
        if len(self._tasks) < _WAITING:
            self._begin(self._run(payload))

    async def _run(self, payload: Json) -> None:
        async with self._room:
            try:
                await self._handle(payload)
            except HubError as error:
                _log.info("slack.post_ack_task_failed", error=error.detail)
            except Exception:
                _log.exception("slack.post_ack_task_failed")

    async def introduce(self, payload: Json) -> None:
        """Look up whom a message mentions for the first time, before it is stored: for a moment only, Slack may be slow.

        So is who writes in a channel for the first time: their profile may say that they are staff.
        """
        event = payload.get("event")
        if not isinstance(event, dict) or event.get("type") not in _SPOKEN:
            return
        people, channels = mentions(str(event.get("text") or ""))
        unmet = self._colleagues.unmet(event)
        unknown = sorted(unmet | {one for one in people - {own_user(payload)} if self._directory.person(one) is None})
        nameless = sorted(one for one in channels if self._directory.channel(one) is None)
        lacks_teams = self._colleagues.lacks_teams(payload)
        if unknown or nameless or lacks_teams:
            with contextlib.suppress(HubError, TimeoutError):
                async with asyncio.timeout(_INTRODUCTION):
                    client = await self._workspaces.client(team_of(payload))
                    if lacks_teams:
                        await self._colleagues.learn_teams(self._workspaces)
                    await self._directory.learn(client, unknown, nameless, anew=unmet)

    async def _handle(self, whole: Json) -> None:
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
            case kind if kind in _SPOKEN:
                await self._learn(team, event)

    async def _suggest(self, team: str, channel: str, thread_ts: str | None) -> None:
        if self._settings.suggested_prompts:
            client = await self._workspaces.client(team)
            prompts = [{"title": title, "message": message} for title, message in self._settings.suggested_prompts[:4]]
            await client.assistant_threads_setSuggestedPrompts(channel_id=channel, thread_ts=thread_ts, prompts=prompts)

    def _unlearned(self, event: Json) -> tuple[list[str], list[str]]:
        """The people and channels of a message to look up; its author only while Slack answers for more."""
        people, channels = mentions(str(event.get("text") or ""))
        author = event.get("user")
        if isinstance(author, str) and not event.get("bot_id") and self._directory.may_look_up():
            people |= {author}
        return self._directory.lacks(people), self._directory.lacks(channels)

    async def _learn(self, team: str, event: Json) -> None:
        await self._directory.learn(await self._workspaces.client(team), *self._unlearned(event))

    async def _show_home(self, team: str, user: str) -> None:
        """Staff's is their queue, which nobody else may see; everybody else's lists their own conversations.

        So does everybody's while it cannot be told who is staff.
        """
        try:
            if self._forms.home is not None and await self._forms.home.show(user):
                return
        except HubError as error:
            _log.warning("slack.staff_home_not_shown", error=error.detail)
        client = await self._workspaces.client(team)
        await self._directory.learn(client, [user], [])
        said = words(self._directory.locale(user), self._settings.language)
        await self._reception.flush()
        view = await self._home(client, team, user, said)
        await client.views_publish(user_id=user, view=cast("dict[str, Any]", view))

    async def _home(self, client: SlackClient, team: str, user: str, said: Words) -> View:
        """The app's home: the open conversations of the person who looks at it, newest first.

        Reception has noted them under ``home/<person>/<place>``; what has become of each is asked.
        """
        found = await self._memory.recall_all(CHANNEL, self._settings.account, f"home/{user}/")
        talks = [(Place.of(key.split("/", 2)[2]), json.loads(value)) for key, value in found.items()]
        mine = [talk for talk in talks if talk[0].team == team]
        mine.sort(key=lambda talk: str(talk[1].get("ts")), reverse=True)
        for place, _ in mine[_KEPT:]:
            await self._memory.forget(CHANNEL, self._settings.account, f"home/{user}/{place}")
        blocks: list[Any] = [{"type": "header", "text": {"type": "plain_text", "text": said.home}}]
        for place, talk in mine[:_KEPT]:
            state = await self._state(place)
            if state is not None and state is not OwnershipState.RESOLVED and len(blocks) <= _SHOWN:
                blocks.append(await _line(client, talk, _becoming(state, said)))
        if len(blocks) == 1:
            blocks.append(context(said.no_conversations))
        return {"type": "home", "blocks": blocks}

    async def _state(self, place: Place) -> OwnershipState | None:
        """None where it is not there any more, or over."""
        if self._conversations is None:
            return OwnershipState.BOT
        found = await self._conversations.conversation(place.conversation(self._settings.account).conversation_id)
        return None if found is None or found.ended_at is not None else found.state


def _becoming(state: OwnershipState, said: Words) -> str:
    return {OwnershipState.QUEUED: said.waiting, OwnershipState.STAFF: said.with_person}.get(state, "")


async def _line(client: SlackClient, talk: Mapping[str, Any], becoming: str) -> Any:
    text = escaped(" ".join(str(talk.get("text") or "").split())) or "…"
    with contextlib.suppress(HubError):
        link = await client.permalink(Sent(str(talk["channel"]), str(talk["ts"])))
        text = f"<{link}|{text.replace('|', '¦')}>"
    return section(f"• {text} _{becoming}_" if becoming else f"• {text}")
