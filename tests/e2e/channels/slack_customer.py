"""A person on the fake Slack, in their direct messages or in a channel's thread, over HTTP or over Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from channels.slack.buttons import CHOICE, PERSON
from config.simulation.slack_fake import SlackFake, person
from config.simulation.slack_world import BOT, TEAM, Channel, Fault, Json
from config.simulation.slack_world import kind as kind_of
from tests.e2e.channels.customer import PATIENCE, Paper, addresses, until


class SlackCustomer:
    """Both have it. ``url``: the hub's webhook; without it, events come through the connection that the hub has opened."""

    channel = "slack"
    patience = PATIENCE
    """Seconds in which the hub has to have taken something."""

    def __init__(self, slack: SlackFake, number: int, url: str | None, place: str) -> None:
        self.who = f"U0CUST{number:03}"
        self._slack = slack
        self._thread: str | None = None
        self._url = url
        self._place = f"{place}0CUST{number:03}"
        slack.users[self.who] = person(self.who, f"Anna {number}", "en-US")
        slack.channels[self._place] = Channel()

    async def write(self, text: str, *papers: Paper) -> Json:
        files = [self._slack.file(one.name, one.content, one.media_type) for one in papers]
        more: Json = {"subtype": "file_share", "files": files} if files else {}
        if self._thread is not None:
            more["thread_ts"] = self._thread
        event = self._slack.say(text, channel=self._place, user=self.who, **more)
        await self._deliver(event)
        return event

    async def again(self, said: Json) -> None:
        await self._deliver(said, retry=1)

    async def ask_for_person(self) -> None:
        """The button comes with the answer's end, after its first words were shown."""
        await self._press(PERSON)

    async def choose(self, number: int) -> None:
        await self._press(f"{CHOICE}{number}")

    async def _press(self, name: str) -> None:
        await until(lambda: self._buttons(name), self.read)
        answer, button = self._buttons(name)[-1]
        pressed = {
            "type": "block_actions",
            "user": {"id": self.who, "team_id": TEAM},
            "team": {"id": TEAM, "domain": "example"},
            "channel": {"id": self._place, "name": "here"},
            "message": answer,
            "actions": [{**button, "type": "button", "action_ts": self._slack.ts()}],
        }
        await self._deliver(pressed, form="payload", kind="interactive")

    def read(self) -> list[str]:
        return [_everything(message) for message in self._answers()]

    async def papers(self) -> list[bytes]:
        files = [file for message in self._answers() for file in message.get("files", [])]
        return [self._slack.bytes[file["id"]] for file in files]

    async def lose_file(self, send: Callable[[], Awaitable[None]]) -> None:
        self._slack.fail("files.getUploadURLExternal", Fault(error="file_upload_size_restricted"))
        await send()

    def links(self) -> list[str]:
        return [link for text in self.read() for link in addresses(text)]

    async def edit(self, said: Json, text: str) -> None:
        before = _message_of(said)
        ts = self._slack.ts()
        after = {**before, "text": text, "edited": {"user": self.who, "ts": ts}}
        await self._changed({"subtype": "message_changed", "message": after, "previous_message": before, "ts": ts})

    async def delete(self, said: Json) -> None:
        before = _message_of(said)
        gone = {"subtype": "message_deleted", "deleted_ts": before["ts"], "previous_message": before}
        await self._changed({**gone, "ts": self._slack.ts()})

    async def react_to_answer(self, emoji: str) -> None:
        item = {"type": "message", "channel": self._place, "ts": self._answers()[-1]["ts"]}
        event = {
            "type": "reaction_added",
            "user": self.who,
            "item": item,
            "item_user": BOT,
            "event_ts": self._slack.ts(),
        }
        await self._deliver(self._slack.event({**event, "reaction": {"👍": "+1"}[emoji]}))

    def _buttons(self, name: str) -> list[tuple[Json, Json]]:
        return [
            (message, element)
            for message in self._answers()
            for block in message.get("blocks") or []
            for element in block.get("elements", [])
            if element.get("action_id") == name
        ]

    def _answers(self) -> list[Json]:
        return [message for message in self._slack.channels[self._place].messages if message.get("bot_id")]

    async def _changed(self, change: Json) -> None:
        where = {"channel": self._place, "channel_type": kind_of(self._place), "hidden": True, "event_ts": change["ts"]}
        await self._deliver(self._slack.event({"type": "message", **change, **where}))

    async def _deliver(
        self, payload: Json, *, form: str | None = None, kind: str = "events_api", retry: int = 0
    ) -> None:
        """Both ways, Slack hears that it is stored."""
        async with asyncio.timeout(self.patience):
            if self._url is not None:
                status, body = await self._slack.push(self._url, payload, form=form, retry=retry)
                assert status == 200, body
            else:
                await self._slack.acknowledgement(await self._slack.push_socket(payload, kind))


class DirectCustomer(SlackCustomer):
    """In direct messages, where a command's answer comes too."""

    def __init__(self, slack: SlackFake, number: int, url: str | None) -> None:
        super().__init__(slack, number, url, "D")

    async def command(self, wish: str) -> None:
        """/support human, given anywhere."""
        given = {"command": "/support", "text": wish, "team_id": TEAM, "user_id": self.who, "channel_id": self._place}
        await self._deliver({**given, "trigger_id": f"1.{self._slack.ts()}"}, form="command", kind="slash_commands")


class ThreadCustomer(SlackCustomer):
    """In a thread that they begin by mentioning the app: Slack tells of the mention twice, and answers grow in the thread."""

    def __init__(self, slack: SlackFake, number: int, url: str | None) -> None:
        super().__init__(slack, number, url, "C")

    async def write(self, text: str, *papers: Paper) -> Json:
        if self._thread is not None:
            return await super().write(text, *papers)
        event = await super().write(f"<@{BOT}> {text}", *papers)
        self._thread = event["event"]["ts"]
        await self._deliver(self._slack.event({**event["event"], "type": "app_mention"}))
        return event

    def _answers(self) -> list[Json]:
        found = super()._answers()
        assert all(message.get("thread_ts") == self._thread for message in found), found
        return found


def _message_of(said: Json) -> Json:
    return {name: said["event"][name] for name in ("type", "user", "text", "ts", "team")}


def _everything(message: Json) -> str:
    """Sections and the small print; the text where there are no blocks."""
    texts: list[Any] = [
        part["text"]
        for block in message.get("blocks") or []
        for part in [block.get("text"), *block.get("elements", [])]
        if isinstance(part, dict) and part.get("type") in ("mrkdwn", "plain_text")
    ]
    return "\n".join(texts) or str(message.get("text", ""))
