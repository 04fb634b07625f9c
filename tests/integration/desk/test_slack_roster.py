"""Who could be given a case, as Slack tells it: members of the channel who work here, and whether they are away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from channels.slack.roster import SlackRoster
from config.desk.desk import roster_of
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, BOT, GRACE, LINUS, TOKEN, Channel, Fault
from core.domain.case import DESK, Case, feed
from core.domain.delivery import DeliveryStatus
from core.domain.errors import ChannelError, Unreachable
from core.domain.messages import Author, CustomerAction, MessageKind, OutboundMessage
from core.ports.channel import InboundSink
from core.ports.store import Settlement
from core.storage.store import SqlStore
from handoff import posts
from handoff.slack.channel import SlackDeskChannel
from tests.integration.desk.test_slack_desk_channel import BILLING, Hours, billing, desk_channel_on, world
from tests.property.desk_world import HOME, DeskWorld

__all__ = ["billing", "world"]


def asked(
    world: DeskWorld,
    folder: Path,
    ask: Callable[[SlackFake, SlackRoster], Awaitable[Any]],
    *,
    shows: bool = False,
    archived: bool = False,
) -> Any:
    """What a roster of a desk that has started says. ``shows``: the world's case first. ``archived``: the team's channel is."""

    async def started() -> Any:
        async with SlackFake() as slack:
            desk = desk_channel_on(slack, world.store, folder, Hours(), teams={"billing": BILLING})
            slack.channels[BILLING] = Channel(archived=archived, absent={LINUS, ANNA})
            slack.staff = {LINUS}
            await desk.start(cast(InboundSink, None))
            try:
                if shows:
                    await show(desk, world.store)
                return await ask(slack, roster_of(desk))
            finally:
                await desk.stop()

    return world.do(started())


async def show(desk: SlackDeskChannel, store: SqlStore) -> None:
    """What the desk has to tell is told."""
    while deliveries := await store.claim_deliveries(DESK, "main", 1, 5.0):
        for one in deliveries:
            payloads = desk.render(one.message)
            receipts = [await desk.send(payload, idempotency_key=f"{one.id}:{payload.part}") for payload in payloads]
            await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT, tuple(receipts))])


@pytest.fixture
def case(billing: DeskWorld) -> str:
    """Of the team that has a channel of its own."""
    billing.accept(billing.customer_says("My invoice, to a person, please", "c0", CustomerAction.REQUEST_PERSON))

    async def opened() -> None:
        for state in await billing.store.claim(10, 5.0, history=100):
            await billing.store.finish([await billing.turn.run(state)])

    billing.do(opened())
    return Case.named(HOME.conversation_id, 1)


def test_only_who_works_here_and_is_not_away(world: DeskWorld, tmp_path: Path) -> None:
    async def ask(slack: SlackFake, roster: SlackRoster) -> list[bool]:
        slack.users[LINUS]["presence"] = "away"
        slack.users[ANNA]["is_restricted"] = True
        people = (GRACE, LINUS, ANNA, BOT, "U0NOBODY")
        return [await roster.is_staff(one, is_there=True) for one in people] + [
            await roster.is_staff(LINUS, is_there=False)
        ]

    assert asked(world, tmp_path, ask) == [True, False, False, False, False, True]


def test_who_left_the_workspace_is_given_nothing(world: DeskWorld, tmp_path: Path) -> None:
    async def ask(slack: SlackFake, roster: SlackRoster) -> bool:
        slack.users[GRACE]["deleted"] = True
        return await roster.is_staff(GRACE, is_there=False)

    assert asked(world, tmp_path, ask) is False


def test_while_slack_does_not_say_who_somebody_is_they_are_not_passed_over(world: DeskWorld, tmp_path: Path) -> None:
    async def ask(slack: SlackFake, roster: SlackRoster) -> bool:
        slack.fail("users.info", Fault(status=503))
        with pytest.raises(Unreachable):
            await roster.is_staff(GRACE, is_there=True)
        slack.fail("users.getPresence", Fault(error="user_not_found"))
        assert not await roster.is_staff(LINUS, is_there=True), "somebody whom the app may not see"
        slack.fail("users.getPresence", Fault(error="fatal_error"))
        with pytest.raises(ChannelError):
            await roster.is_staff(LINUS, is_there=True)
        return await roster.is_staff(LINUS, is_there=True)

    assert asked(world, tmp_path, ask) is True


def test_a_case_is_read_by_those_of_the_channel_that_shows_it(billing: DeskWorld, case: str, tmp_path: Path) -> None:
    async def ask(slack: SlackFake, roster: SlackRoster) -> list[frozenset[str]]:
        found = [await roster.who_reads(case)]
        slack.fail("conversations.members", Fault(error="fetch_members_failed"))
        with pytest.raises(ChannelError):
            await roster.who_reads(case)
        del slack.channels[BILLING]
        return [*found, await roster.who_reads(case)]

    found = asked(billing, tmp_path, ask, shows=True)
    assert found == [{GRACE, BOT}, {LINUS, BOT}], "where it is, and where it goes from a channel that is closed"


def test_a_case_that_its_teams_channel_did_not_take_is_read_by_the_staff(
    billing: DeskWorld, case: str, tmp_path: Path
) -> None:
    """Slack tells the members of an archived channel as well."""

    async def ask(slack: SlackFake, roster: SlackRoster) -> frozenset[str]:
        return await roster.who_reads(case)

    assert asked(billing, tmp_path, ask, shows=True, archived=True) == {LINUS, BOT}


def test_before_a_case_is_shown_nobody_reads_it(billing: DeskWorld, case: str, tmp_path: Path) -> None:
    async def ask(slack: SlackFake, roster: SlackRoster) -> None:
        with pytest.raises(Unreachable):
            await roster.who_reads(case)

    asked(billing, tmp_path, ask)


def test_people_are_found_by_their_address(world: DeskWorld, tmp_path: Path) -> None:
    async def ask(slack: SlackFake, roster: SlackRoster) -> list[Sequence[str]]:
        slack.users[GRACE]["profile"]["email"] = "Grace@example.com"
        words = ("mailto:nobody@example.com", f"On call ({LINUS}), for Grace <grace@example.com>", "grace@example.com")
        found = [await roster.named_in(words), await roster.named_in(["somebody@" * 500, "x" * 5_000])]
        slack.workspaces[TOKEN].scopes.discard("users:read.email")
        return [*found, await roster.named_in(words)]

    assert asked(world, tmp_path, ask) == [[LINUS, GRACE], [], [LINUS]]


def test_whose_turn_it_was_is_shown_to_nobody(world: DeskWorld, tmp_path: Path) -> None:
    async def sent() -> list[str]:
        turn = posts.whisper(GRACE, "")
        message = OutboundMessage("m1", feed("main", "assign."), Author.SYSTEM, "", MessageKind.NOTICE, meta=turn.meta)
        async with SlackFake() as slack:
            desk = desk_channel_on(slack, world.store, tmp_path, Hours())
            await desk.start(cast(InboundSink, None))
            try:
                for number, payload in enumerate(desk.render(message)):
                    assert (await desk.send(payload, idempotency_key=f"d1:{number}")).provider_id is None
                return [method for method, _ in slack.calls if method.startswith("chat.")]
            finally:
                await desk.stop()

    assert world.do(sent()) == []
