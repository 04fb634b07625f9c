"""The desk's place in Slack by itself: a team's channel that stays closed, and a person nobody can ask about."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import GRACE, LINUS, STAFF, TOKEN, Channel, Fault
from core.domain.case import DESK
from core.domain.delivery import DeliveryStatus
from core.domain.messages import CustomerAction
from core.ports.channel import InboundSink
from core.ports.store import Settlement
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from handoff.slack.channel import SlackDeskChannel, SlackDeskSettings
from handoff.teams import Team
from tests.integration.slack_channel.world import surroundings
from tests.property.desk_world import DeskWorld

BILLING = "C0BILLING"


class Hours:
    """A clock that a test moves, for pauses alone."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        """Seconds."""
        return self.at


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    template = tmp_path / "template.db"
    asyncio.run(migrate(f"sqlite:///{template}"))
    made = DeskWorld(template)
    try:
        yield made
    finally:
        made.close()


def desk_channel_on(slack: SlackFake, store: SqlStore, folder: Path, clock: Hours, **more: Any) -> SlackDeskChannel:
    given = {"channel": STAFF, "tokens": (TOKEN,), "account": "main", "api_base_url": slack.api_url, **more}
    settings = SlackDeskSettings(**given)
    return SlackDeskChannel(settings, surroundings(store, folder, clock=cast(Any, clock)), store)


class BillingWorld(DeskWorld):
    """With a team that has a channel of its own."""

    settings = replace(DeskWorld.settings, teams=(Team("billing", channel=BILLING, keywords=("invoice",)),))


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[DeskWorld]:
    template = tmp_path / "template.db"
    asyncio.run(migrate(f"sqlite:///{template}"))
    made = BillingWorld(template)
    try:
        yield made
    finally:
        made.close()


def test_a_teams_channel_that_stays_closed_stops_nothing(billing: DeskWorld, tmp_path: Path) -> None:
    world = billing
    world.accept(world.customer_says("My invoice, to a person, please", "c0", CustomerAction.REQUEST_PERSON))
    clock = Hours()

    async def told() -> tuple[int, int, int]:
        async with SlackFake() as slack:
            slack.channels[BILLING] = Channel(archived=True)
            desk_channel = desk_channel_on(slack, world.store, tmp_path, clock, teams={"billing": BILLING})
            await desk_channel.start(cast(InboundSink, None))
            sent = 0
            try:
                for state in await world.store.claim(10, 5.0, history=100):
                    await world.store.finish([await world.turn.run(state)])
                while deliveries := await world.store.claim_deliveries(DESK, "main", 1, 5.0):
                    for one in deliveries:
                        payloads = [
                            (f"{one.id}:{payload.part}", payload) for payload in desk_channel.render(one.message)
                        ]
                        receipts = tuple(
                            [await desk_channel.send(payload, idempotency_key=key) for key, payload in payloads]
                        )
                        sent += len(payloads)
                        settled = Settlement(one.id, one.token, DeliveryStatus.SENT, receipts)
                        await world.store.settle([settled])
                    clock.at += 700.0
                tried = [args for args in slack.called("chat.postMessage") if args["channel"] == BILLING]
                shown = len(slack.channels[STAFF].messages) + len(slack.called("chat.update"))
                return sent, shown, len(tried)
            finally:
                await desk_channel.stop()

    sent, shown, tried = world.do(told())
    assert sent == shown > 2
    assert tried == 1, "a case stays where its card is; the next one tries the team's channel again"


def test_nobody_is_asked_about_twice_in_a_minute_while_slack_is_away(world: DeskWorld, tmp_path: Path) -> None:
    clock = Hours()

    async def asked() -> tuple[list[bool], int]:
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, clock)
            await desk_channel.start(cast(InboundSink, None))
            try:
                slack.fail("users.info", Fault(status=503), Fault(status=503))
                first = [await desk_channel.people.gone(GRACE), await desk_channel.people.gone(GRACE)]
                before = len(slack.called("users.info"))
                slack.faults["users.info"].clear()
                slack.users[GRACE]["deleted"] = True
                clock.at += 61.0
                return [*first, await desk_channel.people.gone(GRACE)], before
            finally:
                await desk_channel.stop()

    assert world.do(asked()) == ([False, False, True], 1)


def test_a_token_that_is_not_valid_any_more_is_tried_once(world: DeskWorld, tmp_path: Path) -> None:
    async def asked() -> int:
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, Hours(), tokens=("xoxb-former", TOKEN))
            await desk_channel.start(cast(InboundSink, None))
            try:
                assert [await desk_channel.people.gone(one) for one in (GRACE, LINUS)] == [False, False]
                return len(slack.called("users.info"))
            finally:
                await desk_channel.stop()

    assert world.do(asked()) == 3
