"""A case that goes on in another thread, by a hub that is killed between two pieces of what was said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from config.simulation.slack_fake import SlackFake, text_of
from config.simulation.slack_world import STAFF, Channel, Fault
from core.domain.case import DESK
from core.domain.delivery import DeliveryStatus
from core.domain.errors import RateLimited
from core.domain.messages import CustomerAction, InboundEvent
from core.ports.store import Acceptable, Delivery, Settlement
from handoff.slack.channel import SlackDeskChannel
from tests.integration.desk.test_slack_desk_channel import BILLING, Hours, billing, desk_channel_on, world
from tests.property.desk_world import DeskWorld

__all__ = ["billing", "world"]
SECOND = "C0STAFF02"
LONG = "This sentence is here to make the message as long as some people write them. " * 9


async def turns(world: DeskWorld) -> None:
    while states := await world.store.claim(10, 5.0, history=100):
        for state in states:
            await world.store.finish([await world.turn.run(state)])


async def delivered(world: DeskWorld, desk_channel: SlackDeskChannel) -> None:
    while deliveries := await world.store.claim_deliveries(DESK, "main", 1, 5.0):
        for one in deliveries:
            await sent(world, desk_channel, one)


async def sent(world: DeskWorld, desk_channel: SlackDeskChannel, one: Delivery) -> None:
    payloads = [(f"{one.id}:{payload.part}", payload) for payload in desk_channel.render(one.message)]
    receipts = tuple([await desk_channel.send(payload, idempotency_key=key) for key, payload in payloads])
    await world.store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT, receipts)])


async def says(world: DeskWorld, numbers: range) -> None:
    for number in numbers:
        length = 9 if number == 5 else 1
        event = world.customer_says(f"Message {number}. {LONG * length}End {number}.", f"m{number}")
        await world.store.accept([Acceptable(event)])
        await turns(world)


@pytest.mark.parametrize("pieces", [1, 2, 3, 5])
@pytest.mark.parametrize("meanwhile", ["more is said", "something is deleted", "something is edited"])
def test_every_message_is_shown_once_and_in_order_however_it_was_cut(
    world: DeskWorld, tmp_path: Path, pieces: int, meanwhile: str
) -> None:
    async def shown() -> list[str]:
        async with SlackFake() as slack:
            slack.channels[SECOND] = Channel()
            await world.store.accept(
                [Acceptable(world.customer_says("A person, please", "c0", CustomerAction.REQUEST_PERSON))]
            )
            await turns(world)
            first = desk_channel_on(slack, world.store, tmp_path, Hours())
            await first.start(None)  # type: ignore[arg-type]
            await delivered(world, first)
            await says(world, range(1, 9))
            await delivered(world, first)
            await first.stop()
            await says(world, range(9, 10))
            (next_one,) = await world.store.claim_deliveries(DESK, "main", 1, 5.0)
            await killed_after(slack, world, next_one, tmp_path, 1 + pieces)
            target = world.customer_says("", "m1")
            match meanwhile:
                case "more is said":
                    await says(world, range(10, 12))
                case "something is deleted":
                    await world.store.accept([Acceptable(world.customer_changes(target, None))])
                case _:
                    await world.store.accept([Acceptable(world.customer_changes(target, "Message 1, in short."))])
            await turns(world)
            last = desk_channel_on(slack, world.store, tmp_path, Hours(), channel=SECOND)
            await last.start(None)  # type: ignore[arg-type]
            await sent(world, last, next_one)
            await delivered(world, last)
            await last.stop()
            (card,) = [one for one in slack.channels[SECOND].messages if "thread_ts" not in one]
            thread = [one for one in slack.channels[SECOND].messages if one.get("thread_ts") == card["ts"]]
            return [text_of(one) for one in thread]

    thread = "\n".join(world.do(shown()))
    expected = [str(number) for number in range(1, 12 if meanwhile == "more is said" else 10)]
    assert re.findall(r"Message (\d+)\. ", thread) == re.findall(r"End (\d+)\.", thread) == expected
    assert thread.count("This sentence") == 9 * (len(expected) + 8)


async def killed_after(slack: SlackFake, world: DeskWorld, one: Delivery, folder: Path, posts: int) -> None:
    """Whatever a process knew that did not come further is gone with it."""
    left = [posts]

    def weather(method: str, args: Any) -> Fault | None:
        if method != "chat.postMessage":
            return None
        left[0] -= 1
        return Fault(error="ratelimited") if left[0] < 0 else None

    calm, slack.weather = slack.weather, weather  # type: ignore[method-assign]
    desk_channel = desk_channel_on(slack, world.store, folder, Hours(), channel=SECOND)
    await desk_channel.start(None)  # type: ignore[arg-type]
    with pytest.raises(RateLimited):
        await sent(world, desk_channel, one)
    await desk_channel.stop()
    slack.weather = calm  # type: ignore[method-assign]


def test_what_is_deleted_after_a_case_has_moved_is_said_where_staff_look(world: DeskWorld, tmp_path: Path) -> None:
    async def shown() -> list[str]:
        async with SlackFake() as slack:
            slack.channels[SECOND] = Channel()
            await heard(world, world.customer_says("A person, please", "c0", CustomerAction.REQUEST_PERSON))
            first = desk_channel_on(slack, world.store, tmp_path, Hours())
            await first.start(None)  # type: ignore[arg-type]
            await delivered(world, first)
            said = world.customer_says("My card number is 1234", "m1")
            await heard(world, said)
            await delivered(world, first)
            await first.stop()
            last = desk_channel_on(slack, world.store, tmp_path, Hours(), channel=SECOND)
            await last.start(None)  # type: ignore[arg-type]
            await heard(world, world.customer_says("Hello again", "m2"))
            await delivered(world, last)
            await heard(world, world.customer_changes(said, None))
            await delivered(world, last)
            await last.stop()
            assert "1234" not in " ".join(map(text_of, slack.channels[STAFF].messages)), "taken away where it stood"
            return [text_of(one) for one in slack.channels[SECOND].messages if one.get("thread_ts")]

    assert any("deleted" in one for one in world.do(shown()))


def test_a_team_channel_that_refused_once_makes_no_second_card(billing: DeskWorld, tmp_path: Path) -> None:
    """Two workers serve the case, and only one of them knows that the channel was shut."""
    world, teams = billing, {"billing": BILLING}

    async def cards() -> dict[str, int]:
        async with SlackFake() as slack:
            slack.channels[BILLING] = Channel()
            desk_channels = [desk_channel_on(slack, world.store, tmp_path, Hours(), teams=teams) for _ in range(2)]
            for desk_channel in desk_channels:
                await desk_channel.start(None)  # type: ignore[arg-type]
            await heard(world, world.customer_says("A person for my invoice", "c0", CustomerAction.REQUEST_PERSON))
            await delivered(world, desk_channels[1])
            calm, slack.weather = slack.weather, refusing(BILLING)  # type: ignore[method-assign]
            await heard(world, world.customer_says("Message 1", "m1"))
            await delivered(world, desk_channels[0])
            slack.weather = calm  # type: ignore[method-assign]
            for number in range(2, 8):
                await heard(world, world.customer_says(f"Message {number}", f"m{number}"))
                await delivered(world, desk_channels[number % 2])
            for desk_channel in desk_channels:
                await desk_channel.stop()
            return {
                name: sum("thread_ts" not in one for one in slack.channels[name].messages) for name in (STAFF, BILLING)
            }

    assert world.do(cards()) == {BILLING: 1, STAFF: 1}


def refusing(channel: str) -> Any:
    """The app is not in that channel."""

    def weather(method: str, args: Any) -> Fault | None:
        refused = method == "chat.postMessage" and args.get("channel") == channel
        return Fault(error="channel_not_found") if refused else None

    return weather


async def heard(world: DeskWorld, event: InboundEvent) -> None:
    """One event of the customer's, and all that it leads to."""
    await world.store.accept([Acceptable(event)])
    await turns(world)
