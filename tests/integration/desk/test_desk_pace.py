"""Eight cases at once in one staff channel, before a Slack that refuses what is above its limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from channels.slack.client import SlackClient, open_transport
from channels.slack.place import Sent
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import STAFF, TOKEN, Fault, Workspace
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.domain.capabilities import Pace
from core.domain.case import feed
from core.domain.errors import Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind
from core.ports.channel import InboundSink
from core.ports.metrics import NoMetrics
from core.ports.store import CrossConversationWrite, NewMessage, TurnOutcome
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from handoff.slack import desk_edits
from handoff.slack.channel import SlackDeskChannel, SlackDeskSettings
from handoff.slack.desk_edits import DeskEdits
from tests.contract.stores.sayings import accept, claim_one, said
from tests.integration.slack_channel.world import store_in, surroundings
from tests.servers.slack_tiers import Tiers

CASES = 8
Asked = Callable[[str], None]


def unnoted(_case: str) -> None:
    """Nothing is noted."""


def desk_on(fake: SlackFake, store: SqlStore, folder: Path) -> SlackDeskChannel:
    settings = SlackDeskSettings(channel=STAFF, tokens=(TOKEN,), account="main", api_base_url=fake.api_url)
    return SlackDeskChannel(settings, surroundings(store, folder), store)


async def open_case(store: SqlStore, number: int) -> None:
    """A card, and below it what was said before."""
    await accept(store, said(f"e{number}", where=f"t{number}"))
    state = await claim_one(store)
    told = [NewMessage(Author.SYSTEM, f"card {number}", MessageKind.NOTICE, meta={"post": "remark"})]
    line = {"id": "m", "author": "customer", "name": "Anna", "text": f"before {number}", "at": 1.0}
    lines = [{**line, "files": [], "sources": []}]
    told += [
        NewMessage(Author.SYSTEM, "x", MessageKind.NOTICE, meta={"post": "transcript", "lines": lines, "left_out": 0})
    ]
    cross_writes = (CrossConversationWrite(feed("main", f"case.{number}"), tuple(told)),)
    await store.finish([TurnOutcome(state.claim, handled_seq=1, cross_writes=cross_writes)])


async def test_eight_new_cases_are_shown_in_their_order_and_nothing_is_refused(tmp_path: Path) -> None:
    async with SlackFake() as fake, store_in(tmp_path) as store:
        fake.weather = tiers = Tiers()
        for number in range(CASES):
            await open_case(store, number)
        channel = desk_on(fake, store, tmp_path)
        await channel.start(cast(InboundSink, None))
        delivery = DeliveryService([channel], store, LocalWake(), SystemClock(), NoMetrics(), DeliverySettings())
        await delivery.start()
        await fake.until(lambda: len(fake.channels[STAFF].messages) == 2 * CASES, 60)
        await delivery.stop()
        await channel.stop()
    texts = [str(one["text"]) for one in fake.channels[STAFF].messages]
    assert not tiers.refused
    for number in range(CASES):
        assert texts.index(f"card {number}") < texts.index(f"Anna: before {number}")


async def test_a_transcript_is_posted_where_something_is_posted_each_second(tmp_path: Path) -> None:
    async with SlackFake() as fake, store_in(tmp_path) as store:
        await open_case(store, 1)
        channel = desk_on(fake, store, tmp_path)
        await channel.start(cast(InboundSink, None))
        delivery = DeliveryService([channel], store, LocalWake(), SystemClock(), NoMetrics(), DeliverySettings())
        await store.reserve(f"desk:main:post:{STAFF}", Pace(3, 3.0), 1)
        await delivery.start()
        for _ in range(8):
            await asyncio.sleep(0.9)
            await store.reserve(f"desk:main:post:{STAFF}", Pace(3, 3.0), 1)
        shown = len(fake.channels[STAFF].messages)
        await delivery.stop()
        await channel.stop()
    assert shown == 2


def edits_on(client: SlackClient, store: SqlStore, folder: Path, root: Sent, asked: Asked = unnoted) -> DeskEdits:
    """With cards that all are at ``root``. ``asked``: called with the case whose links are looked up."""

    async def known_root(_place: ConversationKey) -> Sent:
        return root

    async def no_blocks(_client: object, place: ConversationKey, _facts: object) -> list[dict[str, Any]]:
        asked(place.thread)
        return []

    threads, links = cast(Any, SimpleNamespace(root=known_root)), cast(Any, SimpleNamespace(blocks=no_blocks))
    return DeskEdits(surroundings(store, folder), "main", "default", threads, links, lambda: client)


@asynccontextmanager
async def one_card(fake: SlackFake) -> AsyncIterator[tuple[SlackClient, Sent, dict[str, Any]]]:
    """A client, and where the card is that it shows."""
    _, card = fake.post({"channel": STAFF, "text": "queued"}, Workspace())
    transport = open_transport(4.0)
    yield SlackClient(transport, (TOKEN,), fake.api_url), Sent(STAFF, card["ts"]), card
    await transport.close()


async def remember(store: SqlStore, case_id: str, **body: Any) -> None:
    """A card's state, left by another process."""
    await store.remember("desk", "main", f"card/{case_id}", json.dumps(body))


async def test_a_card_that_must_wait_is_shown_later_as_it_is_then(tmp_path: Path) -> None:
    place = feed("main", "case.1")
    async with SlackFake() as fake, store_in(tmp_path) as store, one_card(fake) as (client, root, card):
        dying, successor = (edits_on(client, store, tmp_path, root) for _ in range(2))
        fake.fail("chat.update", Fault(status=429, retry_after=1))
        await dying.card(place, root, {"text": "claimed", "facts": {}}, "k1")
        await dying.card(place, root, {"text": "resolved", "facts": {}}, "k2")
        assert card["text"] == "queued"
        successor.start()
        await fake.until(lambda: card["text"] == "resolved")
        await successor.stop()
        assert len(fake.called("chat.update")) == 2


async def test_cards_that_cannot_be_shown_hold_up_no_other(tmp_path: Path) -> None:
    """One is of an older format, and one meets trouble each time."""

    def asked(case_id: str) -> None:
        if case_id == "case.2":
            raise Unreachable("No answer.")

    async with SlackFake() as fake, store_in(tmp_path) as store, one_card(fake) as (client, root, card):
        await remember(store, "case.1", text="claimed")
        await remember(store, "case.2", text="claimed", facts={}, key="k2")
        await remember(store, "case.3", text="resolved", facts={}, key="k3")
        edits = edits_on(client, store, tmp_path, root, asked)
        edits.start()
        await fake.until(lambda: card["text"] == "resolved", 5)
        await asyncio.sleep(0.1)
        await edits.stop()
        assert list(await store.recall_all("desk", "main", "card/")) == ["card/case.2"]


async def test_what_another_process_leaves_is_shown_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_edits, "_LOOK", 0.2)
    async with SlackFake() as fake, store_in(tmp_path) as store, one_card(fake) as (client, root, card):
        edits = edits_on(client, store, tmp_path, root)
        edits.start()
        await asyncio.sleep(0.1)
        await remember(store, "case.1", text="resolved", facts={}, key="k1")
        await fake.until(lambda: card["text"] == "resolved", 10)
        await edits.stop()


async def test_nothing_is_looked_up_for_a_card_that_must_wait(tmp_path: Path) -> None:
    looked_up: list[str] = []
    async with SlackFake() as fake, store_in(tmp_path) as store, one_card(fake) as (client, root, card):
        edits = edits_on(client, store, tmp_path, root, looked_up.append)
        grants = await edits._grants(STAFF)
        await grants.hold_back(30.0)
        for number in range(3):
            await edits.card(feed("main", f"case.{number}"), root, {"text": "claimed", "facts": {}}, "k")
        await edits._refresh_all()
        assert looked_up == []
        assert card["text"] == "queued"
