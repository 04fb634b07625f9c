"""Signs on staff's messages in Slack: one takes the place of the other, and a message that is gone needs none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from channels.slack.place import message_id
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import STAFF, TOKEN
from core.domain.case import feed
from core.domain.messages import Author, MessageKind, OutboundMessage
from core.ports.cases import Cases
from core.ports.channel import InboundSink
from core.ports.surroundings import Surroundings
from handoff import posts
from handoff.slack.channel import SlackDeskChannel, SlackDeskSettings


class Nothing:
    """No card is left to be shown."""

    async def recall_all(self, *_given: str) -> dict[str, str]:
        return {}


async def show(desk_channel: SlackDeskChannel, ts: str, sign: str, before: str | None) -> None:
    """As the outbox does it."""
    mark = posts.mark(message_id(STAFF, ts), sign, instead_of=before)
    told = OutboundMessage("m", feed("main", "c.1"), Author.SYSTEM, mark.text, MessageKind.NOTICE, meta=mark.meta)
    for payload in desk_channel.render(told):
        assert await desk_channel.outcome(payload, idempotency_key="k") is None, "to do it again does no harm"
        await desk_channel.send(payload, idempotency_key="k")


async def test_one_sign_after_the_other() -> None:
    async with SlackFake() as slack:
        settings = SlackDeskSettings(STAFF, (TOKEN,), api_base_url=slack.api_url)
        desk_channel = SlackDeskChannel(
            settings, cast(Surroundings, SimpleNamespace(memory=Nothing(), paces=None, clock=None)), cast(Cases, None)
        )
        await desk_channel.start(cast(InboundSink, None))
        try:
            said: dict[str, Any] = slack.say("Hello", channel=STAFF)["event"]
            (shown,) = [one for one in slack.channels[STAFF].messages if one["ts"] == said["ts"]]
            for sign, before, found in (
                ("sent", None, ["white_check_mark"]),
                ("sent", None, ["white_check_mark"]),
                ("read", "sent", ["eyes"]),
                ("failed", "read", ["x"]),
            ):
                await show(desk_channel, said["ts"], sign, before)
                assert shown["reactions"] == found
            slack.channels[STAFF].messages.remove(shown)
            await show(desk_channel, said["ts"], "sent", "failed")
        finally:
            await desk_channel.stop()
