"""What the customer sent to the agent stands below the card as files that staff can open, once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import STAFF, TOKEN, Fault
from core.attachments.file_store import FileStore
from core.domain.attachments import Attachment
from core.domain.case import DESK
from core.domain.customer import Identity
from core.domain.delivery import DeliveryStatus
from core.domain.errors import ChannelError, RateLimited
from core.domain.keys import EventKey
from core.domain.messages import CustomerAction, MessageReceived
from core.ports.store import Acceptable, Delivery, Settlement
from core.storage.migrate import migrate
from handoff.slack.channel import SlackDeskChannel, SlackDeskSettings
from tests.e2e.desk.office import whole
from tests.integration.desk.test_slack_desk_channel import Hours, desk_channel_on
from tests.integration.slack_channel.world import surroundings
from tests.property.desk_world import HOME, DeskWorld


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    template = tmp_path / "template.db"
    asyncio.run(migrate(f"sqlite:///{template}"))
    made = DeskWorld(template)
    try:
        yield made
    finally:
        made.close()


async def sends(world: DeskWorld, folder: Path, text: str, *named: str, size: int = 20) -> list[Attachment]:
    """The customer, to the agent."""
    kept = []
    for name in named:

        async def chunks() -> AsyncIterator[bytes]:
            yield b"x" * size

        files = FileStore(folder / "files")
        await files.start()
        file = await files.put(chunks(), name=name, declared_type="text/plain")
        await world.store.add_attachment(HOME.conversation_id, file)
        kept.append(file)
    key = EventKey("web", "main", f"f{world.number()}")
    who = Identity("web", "main", "ada")
    ids = tuple(file.id for file in kept)
    event = MessageReceived(key, HOME, who, text, world.clock.now(), stored_attachments=ids)
    (result,) = await world.store.accept([Acceptable(event)])
    assert not isinstance(result, Exception), result
    await turns(world)
    return kept


async def turns(world: DeskWorld) -> None:
    while states := await world.store.claim(10, 5.0, history=100):
        for state in states:
            await world.store.finish([await world.turn.run(state)])


async def asks_for_a_person(world: DeskWorld) -> None:
    wish = world.customer_says("A person, please", f"p{world.number()}", CustomerAction.REQUEST_PERSON)
    await world.store.accept([Acceptable(wish)])
    await turns(world)


async def delivered(world: DeskWorld, desk_channel: SlackDeskChannel) -> None:
    while deliveries := await world.store.claim_deliveries(DESK, "main", 1, 5.0):
        for one in deliveries:
            await sent(world, desk_channel, one)


async def sent(world: DeskWorld, desk_channel: SlackDeskChannel, one: Delivery) -> None:
    payloads = [(f"{one.id}:{payload.part}", payload) for payload in desk_channel.render(one.message)]
    receipts = tuple([await desk_channel.send(payload, idempotency_key=key) for key, payload in payloads])
    await world.store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT, receipts)])


def thread(slack: SlackFake) -> list[dict[str, Any]]:
    """Below the first card."""
    (card, *_) = [one for one in slack.channels[STAFF].messages if "thread_ts" not in one]
    return [one for one in slack.channels[STAFF].messages if one.get("thread_ts") == card["ts"]]


def files_in(messages: list[dict[str, Any]]) -> list[str]:
    return [str(file["name"]) for one in messages for file in one.get("files") or ()]


def test_staff_open_what_the_agent_was_sent(world: DeskWorld, tmp_path: Path) -> None:
    async def told() -> tuple[list[str], list[str]]:
        await sends(world, tmp_path, "My invoice is wrong", "invoice.txt", "photo.txt")
        await sends(world, tmp_path, "And this", "second.txt")
        async with SlackFake() as slack:
            desk_channel = desk_channel_on(slack, world.store, tmp_path, Hours())
            await desk_channel.start(None)  # type: ignore[arg-type]
            await asks_for_a_person(world)
            await delivered(world, desk_channel)
            await desk_channel.stop()
            return files_in(thread(slack)), [whole(one) for one in thread(slack)]

    names, texts = world.do(told())
    assert names == ["invoice.txt", "photo.txt", "second.txt"]
    said = [number for number, text in enumerate(texts) if "My invoice is wrong" in text]
    assert said[0] < next(number for number, text in enumerate(texts) if ":paperclip: Customer" in text)


def test_what_is_gone_or_too_large_is_named_and_the_rest_follows(world: DeskWorld, tmp_path: Path) -> None:
    async def told() -> tuple[list[str], list[str]]:
        gone, *_ = await sends(world, tmp_path, "Both", "gone.txt", "here.txt")
        (tmp_path / "files" / gone.storage_key).unlink()
        await sends(world, tmp_path, "Large", "large.txt", size=5_000)
        async with SlackFake() as slack:
            around = surroundings(world.store, tmp_path, max_attachment_bytes=4_000, link=lambda file: None)
            settings = SlackDeskSettings(channel=STAFF, tokens=(TOKEN,), account="main", api_base_url=slack.api_url)
            desk_channel = SlackDeskChannel(settings, around, world.store)
            await desk_channel.start(None)  # type: ignore[arg-type]
            await asks_for_a_person(world)
            await delivered(world, desk_channel)
            await desk_channel.stop()
            return files_in(thread(slack)), [whole(one) for one in thread(slack)]

    names, texts = world.do(told())
    assert names == ["here.txt"]
    for lost in ("gone.txt", "large.txt"):
        assert any(f"{lost} cannot be shown here" in text for text in texts), lost
    assert any("A person, please" in text for text in texts), "what comes behind them is shown"


@pytest.mark.parametrize("calls", range(1, 6))
def test_no_file_stands_there_twice_after_a_crash(world: DeskWorld, tmp_path: Path, calls: int) -> None:
    """The process ends after any of Slack's calls; the next one asks what became of the last part, as the lane does."""

    async def told() -> list[str]:
        await sends(world, tmp_path, "Files", "first.txt", "second.txt")
        async with SlackFake() as slack:
            first = desk_channel_on(slack, world.store, tmp_path, Hours())
            await first.start(None)  # type: ignore[arg-type]
            await asks_for_a_person(world)
            one = await until_files(world, first)
            part = await killed_after(slack, first, one, calls)
            await first.stop()
            second = desk_channel_on(slack, world.store, tmp_path, Hours())
            await second.start(None)  # type: ignore[arg-type]
            payloads = second.render(one.message)[part:]
            for number, payload in enumerate(payloads):
                key = f"{one.id}:{payload.part}"
                if number or await second.outcome(payload, idempotency_key=key) is None:
                    await second.send(payload, idempotency_key=key)
            await second.stop()
            return files_in(thread(slack))

    assert world.do(told()) == ["first.txt", "second.txt"]


async def until_files(world: DeskWorld, desk_channel: SlackDeskChannel) -> Delivery:
    """Everything before them is delivered."""
    while True:
        (one,) = await world.store.claim_deliveries(DESK, "main", 1, 5.0)
        if one.message.meta.get("post") == "files":
            return one
        await sent(world, desk_channel, one)


async def killed_after(slack: SlackFake, desk_channel: SlackDeskChannel, one: Delivery, calls: int) -> int:
    """The part at which it ended: Slack has done what it was asked last, and nobody has heard so."""
    left = [calls]
    calm = slack.weather

    def weather(method: str, args: Any) -> Fault | None:
        left[0] -= 1
        if left[0] == 0:
            return Fault(written=True, status=504)
        return Fault(error="ratelimited") if left[0] < 0 else None

    slack.weather = weather  # type: ignore[method-assign]
    try:
        for payload in desk_channel.render(one.message):
            try:
                await desk_channel.send(payload, idempotency_key=f"{one.id}:{payload.part}")
            except (ChannelError, RateLimited):
                return payload.part
    finally:
        slack.weather = calm  # type: ignore[method-assign]
    raise AssertionError("It had no more calls to make.")
