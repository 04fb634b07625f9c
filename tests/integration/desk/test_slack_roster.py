"""Who could be given a case, as Slack tells it: members of the channel who work here, and whether they are away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

from channels.slack.roster import SlackRoster
from config.desk.desk import roster_of
from core.domain.case import feed
from core.domain.messages import Author, MessageKind, OutboundMessage
from core.ports.channel import InboundSink
from handoff import posts
from tests.integration.desk.test_slack_desk_channel import BILLING, Hours, desk_channel_on, world
from tests.property.desk_world import DeskWorld
from tests.servers.slack_fake import SlackFake
from tests.servers.slack_world import ANNA, BOT, GRACE, LINUS, TOKEN, Channel

__all__ = ["world"]


def asked(world: DeskWorld, folder: Path, ask: Callable[[SlackFake, SlackRoster], Awaitable[Any]]) -> Any:
    """What a roster of a desk that has started says."""

    async def started() -> Any:
        async with SlackFake() as slack:
            desk = desk_channel_on(slack, world.store, folder, Hours(), teams={"billing": BILLING})
            await desk.start(cast(InboundSink, None))
            try:
                return await ask(slack, roster_of(desk))
            finally:
                await desk.stop()

    return world.do(started())


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


def test_each_team_has_the_readers_of_its_channel(world: DeskWorld, tmp_path: Path) -> None:
    async def ask(slack: SlackFake, roster: SlackRoster) -> list[frozenset[str]]:
        slack.channels[BILLING] = Channel(absent={LINUS, ANNA})
        slack.staff = {LINUS}
        found = [await roster.who_reads(team) for team in ("billing", "a team without a channel", None)]
        del slack.channels[BILLING]
        return [*found, await roster.who_reads("billing")]

    staff = frozenset({LINUS, BOT})
    assert asked(world, tmp_path, ask) == [{GRACE, BOT}, staff, staff, staff], "closed, its cases are shown to all"


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
