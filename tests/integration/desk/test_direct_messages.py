"""What one person is told by themselves: once, with the way to the case, and found again after an unknown outcome."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from config.simulation.slack_fake import SlackFake, text_of
from config.simulation.slack_world import DIRECT, GRACE, STAFF
from core.domain.case import feed
from core.domain.messages import Author, MessageKind, OutboundMessage
from core.ports.channel import InboundSink
from handoff import posts
from tests.integration.desk.test_slack_desk_channel import Hours, desk_channel_on, world
from tests.property.desk_world import DeskWorld

__all__ = ["world"]


def test_it_leads_to_the_case_and_is_found_again(world: DeskWorld, tmp_path: Path) -> None:
    async def sent() -> tuple[Any, Any]:
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, Hours())
            await desk_channel.start(cast(InboundSink, None))
            try:
                _, root = slack.post({"channel": STAFF, "text": "Card"}, slack.workspaces["xoxb-home"])
                await world.store.remember("slack", "default", "thread/home.1", f"m/{STAFF}/{root['ts']}")
                direct = posts.direct(GRACE, "The case is open.")
                message = OutboundMessage(
                    "m1", feed("main", "home.1"), Author.SYSTEM, direct.text, MessageKind.NOTICE, meta=direct.meta
                )
                (payload,) = desk_channel.render(message)
                before = await desk_channel.outcome(payload, idempotency_key="d1:0")
                receipt = await desk_channel.send(payload, idempotency_key="d1:0")
                found = await desk_channel.outcome(payload, idempotency_key="d1:0")
                assert before is None
                assert f"archives/{STAFF}/p{root['ts'].replace('.', '')}" in text_of(
                    slack.channels[DIRECT].messages[-1]
                )
                (alone,) = desk_channel.render(replace(message, conversation=feed("main", "order.m1")))
                assert (await desk_channel.send(alone, idempotency_key="d3:0")).provider_id is None
                assert text_of(slack.channels[DIRECT].messages[-1]) == "The case is open.", "without a case"
                slack.users.pop(GRACE)
                assert (await desk_channel.send(payload, idempotency_key="d2:0")).provider_id is None
                return receipt.provider_id, found
            finally:
                await desk_channel.stop()

    provider_id, found = world.do(sent())
    assert provider_id.startswith(f"m/{DIRECT}/")
    assert found.provider_id == provider_id
