"""Files that a platform gives slowly, or not: nobody waits for them to be helped by a person, and they come to staff once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.attachments.fetching import KEEP_TRYING, FetchService
from core.attachments.file_store import FileStore
from core.domain.attachments import AttachmentRef
from core.domain.conversation import Escalation, OwnershipState
from core.domain.errors import NotYet, Unreachable
from core.domain.messages import CustomerAction, Message, StaffAction
from core.ports.responder import Responder
from core.ports.store import Acceptable, TurnState
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.slack_desk import SlackDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import Agent, OfficeHours
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry
from tests.unit.core.test_fetching import Provider

PHOTO = AttachmentRef("remote-1", "photo.txt", "text/plain", 4)
WISH = CustomerAction.REQUEST_PERSON


class Post(OfficeHours):
    """With a provider of files, which may be ``away``."""

    def __init__(self, store: SqlStore, clock: ManualClock, files: FileStore) -> None:
        super().__init__(store, clock, SETTINGS)
        self.provider = Provider()
        channels: Any = {"web": self.provider}
        self.fetching = FetchService(channels, store, files, clock, patience=3.0)
        self.answers_by(Agent())

    def answers_by(self, responder: Responder, rules: Any = None) -> None:
        """From now on."""
        desk = SlackDesk(self.parts(self.store), self.settings)
        prepare = self.fetching.ensure
        self.turn = Turn(responder, desk, {}, CountedMetrics(), sorry, prepare, rules=rules)

    def away(self, *, long: bool = True) -> None:
        """Or back again."""
        self.provider.failures = [Unreachable("502")] * (1_000 if long else 0)

    async def sends(self, text: str, action: CustomerAction | None = None) -> None:
        """With the photo."""
        event = replace(self.from_customer(text, action), attachments=(PHOTO,))
        (result,) = await self.store.accept([Acceptable(event)])
        assert not isinstance(result, Exception), result
        await self.works()

    async def works(self) -> None:
        """Until nothing is left that can be done now."""
        while states := await self.store.claim(10, 5.0, history=60):
            for state in states:
                await self._one(state)

    async def _one(self, state: TurnState) -> None:
        try:
            outcome = await self.turn.run(state)
        except NotYet as error:
            await self.store.postpone(state.claim, delay=error.seconds, error=error.detail, counts=False)
            return
        (finished,) = await self.store.finish([outcome])
        assert finished.held

    async def brought(self) -> list[tuple[str, list[str]]]:
        """In which posts of the thread files are."""
        told = await self.told()
        return [(str(one.meta["post"]), [file.name for file in one.attachments]) for one in told if one.attachments]

    async def said(self) -> list[Message]:
        """What the customer said, as staff read it."""
        return [one for one in await self.posts("said") if one.author == "customer"]


@pytest.fixture
async def post(store: SqlStore, clock: ManualClock, tmp_path: Path) -> Post:
    files = FileStore(tmp_path / "files")
    await files.start()
    return Post(store, clock, files)


@pytest.mark.parametrize("action", [WISH, None], ids=["by a button", "by a rule"])
async def test_a_file_with_the_wish_for_a_person_stands_with_it(post: Post, action: CustomerAction | None) -> None:
    post.answers_by(Agent(), lambda _turn, _reply: Escalation("A complaint.", requested_by="rule"))
    await post.sends("This is a complaint, see the photo", action)
    assert (await post.conversation()).state is OwnershipState.QUEUED
    assert await post.brought() == [("said", ["photo.txt"])]
    (said,) = await post.said()
    assert said.meta["coming"] == []


async def test_nobody_waits_for_a_person_because_a_file_does_not_come(post: Post) -> None:
    post.away()
    await post.sends("A person, please, see the photo", WISH)
    assert (await post.conversation()).state is OwnershipState.QUEUED
    (said,) = await post.said()
    assert (said.text, said.meta["coming"]) == ("A person, please, see the photo", ["photo.txt"])
    assert await post.brought() == []
    post.away(long=False)
    post.clock.move(20.0)
    await post.works()
    post.clock.move(20.0)
    await post.works()
    assert await post.brought() == [("files", ["photo.txt"])], "below it, once"
    assert len(await post.said()) == 1


async def test_who_writes_that_they_want_a_person_does_not_wait_for_the_file_either(post: Post) -> None:
    post.away()
    await post.sends("I want to talk to a person")
    assert (await post.conversation()).state is OwnershipState.QUEUED
    assert [one.meta["coming"] for one in await post.said()] == [["photo.txt"]]


async def test_what_is_written_meanwhile_is_read_at_once_and_the_files_follow(post: Post) -> None:
    await post.escalates()
    await post.press(StaffAction.CLAIM)
    post.away()
    await post.sends("Here is the photo")
    await post.sends("And another one")
    await post.customer("Hello?")
    post.clock.move(20.0)
    await post.works()
    assert [one.text for one in await post.said()][1:] == ["Here is the photo", "And another one", "Hello?"]
    post.away(long=False)
    for _ in range(3):
        post.clock.move(20.0)
        await post.works()
    assert await post.brought() == [("files", ["photo.txt"])] * 2, "each once"
    told = [one for one in await post.told() if one.meta["post"] in ("said", "files")]
    assert [one.meta["post"] for one in told][-2:] == ["files", "files"]


async def test_a_file_that_never_comes_is_named(post: Post) -> None:
    post.away()
    await post.sends("A person, please", WISH)
    post.clock.move(KEEP_TRYING)
    await post.works()
    (told,) = await post.posts("files")
    assert (told.meta["missing"], told.attachments) == (["photo.txt"], ())


async def test_what_is_taken_back_meanwhile_is_not_brought(post: Post) -> None:
    post.away()
    await post.sends("A person, please", WISH)
    post.clock.move(20.0)
    await post.press(StaffAction.CLAIM)
    await post.press(StaffAction.RESOLVE)
    post.away(long=False)
    post.clock.move(20.0)
    await post.works()
    assert await post.brought() == [], "the case is closed"
    conversation = await post.conversation()
    assert conversation.done_seq == conversation.last_seq, "and nothing is left to be done"


@pytest.mark.parametrize("away", [False, True])
async def test_a_colleague_s_file_comes_like_a_customer_s(post: Post, clock: ManualClock, *, away: bool) -> None:
    await post.escalates()
    grace = replace(post.from_customer("").sender, external_id="grace", display_name="Grace")
    event = replace(post.from_customer("See this"), sender=grace, by_staff=True, attachments=(PHOTO,))
    if away:
        post.away()
    (result,) = await post.store.accept([Acceptable(event)])
    assert not isinstance(result, Exception), result
    await post.works()
    (said,) = [one for one in await post.posts("said") if one.text == "See this"]
    assert said.meta["coming"] == (["photo.txt"] if away else [])
    if away:
        post.away(long=False)
        clock.move(60)
        await post.works()
    assert [file.name for one in await post.told() for file in one.attachments] == ["photo.txt"]
