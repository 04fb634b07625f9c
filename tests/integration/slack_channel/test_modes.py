"""What the app answers in a channel without being mentioned, live and after an outage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from channels.group_modes import Modes
from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake, person
from config.simulation.slack_world import ANNA, BOT, GRACE, PUBLIC, TOKEN, Fault
from core.domain.messages import Author
from core.storage.store import SqlStore
from tests.integration.slack_channel.test_receive import StoreSink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings

BEN = "U0BEN0001"


class Room:
    """A channel in which people write, and whoever is not of the company belongs to another one."""

    def __init__(self, fake: SlackFake, store: SqlStore, folder: Path) -> None:
        self.fake, self.store, self.folder = fake, store, folder
        self.sink = StoreSink(store)
        self.entries: Sequence[str] = ()
        for user, name in ((ANNA, "Anna"), (BEN, "Ben")):
            fake.users[user] = person(user, name, "en-US") | {"team_id": "T0PART001"}
        fake.channels[PUBLIC].outside = True

    def hub(self) -> Any:
        around = surroundings(self.store, self.folder)
        chosen = settings(self.fake, modes=Modes.of(self.entries))
        return serving(Hub(SlackChannel(chosen, around), around, self.sink, self.fake))

    def says(self, text: str, user: str = ANNA, thread: str | None = None) -> dict[str, Any]:
        team = str(self.fake.users[user].get("team_id", "T0HOME001"))
        more = {} if thread is None else {"thread_ts": thread}
        return self.fake.say(text, channel=PUBLIC, user=user, user_team=team, team=team, **more)

    def marks(self, message: dict[str, Any], user: str = ANNA, emoji: str = "robot_face") -> dict[str, Any]:
        """The event, and the emoji in the channel's history."""
        ts = message["event"]["ts"]
        (kept,) = [one for one in self.fake.channels[PUBLIC].messages if one["ts"] == ts]
        kept.setdefault("reactions", []).append({"name": emoji, "users": [user], "count": 1})
        item = {"type": "message", "channel": PUBLIC, "ts": ts}
        about = {"type": "reaction_added", "user": user, "reaction": emoji, "item": item, "event_ts": self.fake.ts()}
        event = self.fake.event(about)
        return {**event, "is_ext_shared_channel": True}

    async def heard(self) -> list[str]:
        found = dict.fromkeys(one.conversation_id for one in self.sink.accepted)
        return [one.text for each in found for one in await self.store.messages(each)]


@pytest.fixture
async def room(fake: SlackFake, store: SqlStore, tmp_path: Path) -> Room:
    return Room(fake, store, tmp_path)


HEARD = {
    "mention": ["hello"],
    "first": ["Parcel is late", "Since Monday", "Bye", "hello"],
    "every": ["Parcel is late", "Since Monday", "Me too", "Bye", "hello"],
    "emoji": ["hello"],
}


def conversation(room: Room) -> list[dict[str, Any]]:
    """Threads by a customer and by a colleague, and a mention."""
    parcel = room.says("Parcel is late")
    notice = room.says("Maintenance tonight", GRACE)
    return [
        parcel,
        room.says("Since Monday", BEN, parcel["event"]["ts"]),
        notice,
        room.says("Me too", BEN, notice["event"]["ts"]),
        room.says("Bye"),
        room.says(f"<@{BOT}> hello"),
    ]


@pytest.mark.parametrize("entries", [["{}"], ["mention", PUBLIC + "={}"]], ids=["for all", "for this channel"])
@pytest.mark.parametrize("mode", sorted(HEARD))
async def test_a_mode_says_what_is_heard(room: Room, mode: str, entries: list[str]) -> None:
    room.entries = [one.format(mode) for one in entries]
    async with room.hub() as hub:
        for event in conversation(room):
            assert await hub.push(event) == 200
    assert sorted(await room.heard()) == sorted(HEARD[mode])


@pytest.mark.parametrize("mode", sorted(HEARD))
async def test_what_was_missed_is_heard_alike(room: Room, mode: str) -> None:
    room.entries = [mode]
    async with room.hub() as hub:
        await hub.push(room.says(f"<@{BOT}> before"))
    conversation(room)
    async with room.hub() as hub:
        await hub.channel.catch_up(room.sink)
    found = set(await room.heard()) - {"before"}
    assert found == set(HEARD[mode]) - {"Me too"}, "replies in threads of others are not listed with the channel"


async def test_other_channels_keep_their_own_mode(room: Room) -> None:
    room.entries = ["every", f"{PUBLIC}=mention"]
    async with room.hub() as hub:
        await hub.push(room.says("Lunch?"))
    assert await room.heard() == []


async def test_an_emoji_asks_about_its_message_once(room: Room) -> None:
    room.entries = ["emoji"]
    async with room.hub() as hub:
        parcel, other = room.says("Parcel is late"), room.says("Lunch?")
        for event in (parcel, other):
            await hub.push(event)
        await hub.push(room.marks(other, BEN, "tada"))
        marked = room.marks(parcel, BEN, "robot_face::skin-tone-2")
        for retry in range(2):
            assert await hub.push(marked, retry=retry) == 200
        await hub.push(room.marks(parcel, ANNA))
        await hub.push(room.says("Since Monday", ANNA, parcel["event"]["ts"]))
    assert await room.heard() == ["Parcel is late", "Since Monday"]


async def test_an_emoji_asks_about_a_reply(room: Room) -> None:
    room.entries = ["emoji"]
    async with room.hub() as hub:
        parcel = room.says("Parcel is late")
        reply = room.says("Mine too", BEN, parcel["event"]["ts"])
        await hub.push(room.marks(reply))
    assert await room.heard() == ["Mine too"]


async def test_an_emoji_asks_nothing_about_what_was_read_already(room: Room) -> None:
    room.entries = ["emoji"]
    async with room.hub() as hub:
        parcel = room.says("Parcel is late")
        await hub.push(room.marks(parcel))
        aside = room.says("Lunch?", BEN, parcel["event"]["ts"])
        await hub.push(aside)
        await hub.push(room.marks(aside))
    _, said, marked, _ = room.sink.accepted
    assert (marked.message_id, marked.duplicate) == (said.message_id, True)


async def test_an_emoji_of_the_staff_s_is_the_staff_s(room: Room) -> None:
    room.entries = ["staff_emoji"]
    async with room.hub() as hub:
        parcel = room.says("Parcel is late")
        await hub.push(room.marks(parcel, BEN))
        assert await room.heard() == []
        await hub.push(room.marks(parcel, GRACE))
        assert await room.heard() == ["Parcel is late"]


async def test_nobody_is_asked_about_a_colleague_s_words(room: Room) -> None:
    room.entries = ["emoji"]
    async with room.hub() as hub:
        await hub.push(room.marks(room.says("Maintenance tonight", GRACE)))
    assert await room.heard() == []


async def test_a_marked_message_that_cannot_be_read_now_is_asked_for_again(room: Room) -> None:
    room.entries = ["emoji"]
    async with room.hub() as hub:
        marked = room.marks(room.says("Parcel is late"))
        room.fake.fail("conversations.replies", Fault(status=500))
        assert await hub.push(marked) == 503
        assert await hub.push(marked, retry=1) == 200
        room.fake.fail("conversations.replies", Fault(error="thread_not_found"))
        assert await hub.push(room.marks(room.says("Gone"))) == 200
    assert await room.heard() == ["Parcel is late"]


@pytest.mark.parametrize(("mode", "found"), [("emoji", {"Older", "Newer"}), ("staff_emoji", {"Newer"})])
async def test_what_was_marked_during_an_outage_is_asked(room: Room, mode: str, found: set[str]) -> None:
    room.entries = [mode]
    async with room.hub() as hub:
        older = room.says("Older")
        await hub.push(room.says(f"<@{BOT}> before"))
    room.marks(older, BEN)
    room.marks(room.says("Newer"), GRACE)
    room.says("Lunch?")
    async with room.hub() as hub:
        await hub.channel.catch_up(room.sink)
        assert await hub.channel.catch_up(room.sink) == 0
    assert set(await room.heard()) == found | {"before"}


async def test_the_doctor_names_what_a_mode_lacks(room: Room) -> None:
    room.entries = ["emoji", f"{PUBLIC}=every", "C0NOWHERE=first"]
    scopes = room.fake.workspaces[TOKEN].scopes
    scopes -= {"reactions:read", "groups:history"}
    async with room.hub() as hub:
        found = await hub.channel.diagnose()
    (missing,) = [one for one in found if one.check == "scopes"]
    assert (missing.ok, missing.detail) == (False, "missing: groups:history, reactions:read")
    heard = [(one.ok, one.detail) for one in found if one.check == "SLACK_CHANNEL_MODES"]
    assert heard[0] == (True, "every in #help-desk")
    assert not heard[1][0]


async def test_a_colleague_stays_one_in_every_mode(room: Room) -> None:
    room.entries = ["every"]
    async with room.hub() as hub:
        parcel = room.says("Parcel is late")
        await hub.push(parcel)
        await hub.push(room.says("Which one?", GRACE, parcel["event"]["ts"]))
    (conversation_id,) = {one.conversation_id for one in room.sink.accepted}
    assert [one.author for one in await room.store.messages(conversation_id)] == [Author.CUSTOMER, Author.STAFF]
