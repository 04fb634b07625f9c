"""Customers who want a person while the agent is busy with them, and a member of staff who takes each of them over."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import uuid4

from config.hub import Hub
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import STAFF, TEAM
from core.domain.case import Case
from core.domain.customer import Identity
from core.domain.errors import StoreUnavailable
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import MessageReceived
from tests.e2e.channels.slack_customer import SlackCustomer
from tests.e2e.desk.office import Office, whole
from tests.faults.desk.slow_agent import SlowModel, asked

Json = dict[str, Any]
CLAIM = "staff_claim"
WISH, NO_WISH = "I want to talk to a person.", "Never mind, I don't need a person any more."
MERGE, MERGED = "staff_merge", "has merged this case into"
TAKEN = "has taken this conversation"
TOO_LATE = ("This case is closed", "The agent answers in this conversation again")
_PATIENCE = 180.0


class Way(StrEnum):
    """What the agent is doing when somebody claims: an earlier answer goes out, one beside the wish, one that ends the wish."""

    BEFORE = "an answer from before the wish"
    BESIDES = "an answer beside the wish"
    BACK = "an answer after the wish was taken back"


MOMENTS = ("at once", "searched", "asked", "shown")


class Place(Protocol):
    """Where a customer writes. ``mark`` stands in the thread of the conversation's key."""

    mark: str

    async def write(self, text: str) -> None: ...


class SinkPlace:
    """Straight into the hub's intake, as the adapter of a channel does."""

    def __init__(self, hub: Hub, channel: str, account: str, tag: str) -> None:
        self.mark = tag
        self._hub = hub
        self._key = ConversationKey(channel, account, tag)
        self._numbers = itertools.count(1)

    async def write(self, text: str) -> None:
        """Returns when it is stored."""
        key = EventKey(self._key.channel, self._key.account, f"{self.mark}-{next(self._numbers)}")
        who = Identity(self._key.channel, self._key.account, f"who-{self.mark}")
        said = MessageReceived(key, self._key, who, text, datetime.now(UTC))
        while True:
            try:
                await self._hub.intake.accept([said])
            except StoreUnavailable:  # a provider delivers again what was not taken
                await asyncio.sleep(0.1)
            else:
                return


class SlackPlace:
    """A customer on Slack. ``mark``: their channel's id."""

    def __init__(self, customer: SlackCustomer, channel: str) -> None:
        self.mark = channel
        self._customer = customer

    async def write(self, text: str) -> None:
        """Returns when it is stored."""
        await self._customer.write(text)


@dataclass
class Thread:
    """A case's thread: the card as it was posted, and what stands below."""

    card: Json
    shown: list[str] = field(default_factory=list)


class Staff:
    """Sees everything in the staff channel as it comes. ``confirmed``: when a card or a line first said that Grace has a case."""

    def __init__(self, slack: SlackFake, hub: Any, store: Any) -> None:
        self.threads: dict[str, Thread] = {}
        self.confirmed: dict[str, float] = {}
        self.by_mark: dict[str, list[Thread]] = defaultdict(list)
        self._office = Office(slack, hub)
        self._slack = slack
        self._store = store
        self._changed = asyncio.Condition()
        self._failed: Exception | None = None
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Look away."""
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    def heard(self, method: str, args: Json) -> None:
        """The hub calls Slack: from now on staff may know."""
        said = str(args)
        if args.get("channel") != STAFF or not ("With Grace" in said or f"Grace {TAKEN}" in said):
            return
        root = args.get("thread_ts") if method == "chat.postMessage" else args.get("ts")
        if root:
            self.confirmed.setdefault(str(root), asyncio.get_running_loop().time())

    async def card(self, place: Place) -> Thread:
        """The case of that customer."""
        await self._until(lambda: bool(self.by_mark[place.mark]), f"no card for {place.mark}")
        return self.by_mark[place.mark][-1]

    async def press(self, thread: Thread) -> None:
        """Claim, on the card as it was."""
        await self._office.press(thread.card, CLAIM)

    async def write(self, thread: Thread, text: str) -> None:
        """Below the card."""
        await self._office.write(thread.card, text)

    async def merge(self, thread: Thread, into: Thread) -> bool:
        """Whether the one's case was closed as a duplicate of the other's: that one may be closed itself by then."""
        field = {"type": "input", "block_id": "text", "element": {"type": "plain_text_input", "action_id": MERGE}}
        about = json.dumps({"thread": f"{TEAM}/{STAFF}/{thread.card['ts']}"})
        view = {"id": f"V{uuid4().hex.upper()}", "hash": "1", "type": "modal", "callback_id": MERGE, "blocks": [field]}
        link = f"https://example.slack.com/archives/{STAFF}/p{into.card['ts'].replace('.', '')}"
        if await self._office.send_off({**view, "private_metadata": about}, link):
            return False
        return await self.told(thread, MERGED, "Nothing was merged") == MERGED

    async def told(self, thread: Thread, *texts: str) -> str:
        """Which of these came to stand in the thread first."""

        def found() -> str | None:
            return next((text for text in texts if any(text in one for one in thread.shown)), None)

        await self._until(lambda: found() is not None, f"none of {texts} in {thread.shown}")
        return str(found())

    async def _until(self, holds: Callable[[], bool], otherwise: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE), self._changed:
                await self._changed.wait_for(lambda: self._failed is not None or holds())
        except TimeoutError:
            raise AssertionError(otherwise) from None
        if self._failed is not None:
            raise AssertionError("nobody looks at the staff channel any more") from self._failed

    async def _watch(self) -> None:
        try:
            await self._see_all()
        except Exception as error:  # whoever waits for a card or a line is told why none comes
            self._failed = error
        async with self._changed:
            self._changed.notify_all()

    async def _see_all(self) -> None:
        seen, messages = 0, self._slack.channels[STAFF].messages
        while True:
            async with self._slack.news:
                while len(messages) == seen:
                    await self._slack.news.wait()
            news, seen = messages[seen:], len(messages)
            for one in news:
                await self._see(one)
            async with self._changed:
                self._changed.notify_all()

    async def _see(self, message: Json) -> None:
        if not message.get("bot_id"):
            return
        if "thread_ts" in message:
            self.threads[message["thread_ts"]].shown.append(whole(message))
            return
        thread = self.threads[message["ts"]] = Thread(copy.deepcopy(message))
        thread.shown.append(whole(message))
        case = message["metadata"]["event_payload"]["case"]
        conversation = await self._store.conversation(Case.home(case))
        mark = next(part for part in reversed(conversation.key.thread.split("/")) if part[0] in "tDC")
        self.by_mark[mark].append(thread)


@dataclass
class Runner:
    """One conversation. ``claimed``: the thread that was taken over, if the customer was not faster.

    ``beside``: all runners; where there are any, its case is merged at last into one of theirs, if one is claimed by then.
    """

    tag: str
    place: Place
    way: Way
    moment: str
    claimed: Thread | None = None
    beside: Sequence[Runner] = ()
    merged: bool = False

    async def run(self, staff: Staff, model: SlowModel) -> None:
        """Until the member of staff has written, and the customer has."""
        await self._ask(model)
        thread = await staff.card(self.place)
        if self.way is Way.BACK:
            await self.place.write(f"{NO_WISH} {asked(1, self.tag)}")
            await self._wait(model)
        await staff.press(thread)
        if await staff.told(thread, TAKEN, *TOO_LATE) != TAKEN:
            return
        self.claimed = thread
        await asyncio.gather(self.place.write(asked(2, self.tag)), staff.write(thread, f"Here is Grace for {self.tag}"))
        await staff.told(thread, f"Q2-{self.tag}")
        others = [one.claimed for one in self.beside if one is not self and one.claimed is not None]
        if others:
            self.merged = await staff.merge(thread, others[-1])

    async def _ask(self, model: SlowModel) -> None:
        if self.way is Way.BESIDES:
            await self.place.write(f"{asked(1, self.tag)} {WISH}")
            return
        if self.way is Way.BEFORE:
            await self.place.write(asked(1, self.tag))
            await self._wait(model)
        await self.place.write(WISH)

    async def _wait(self, model: SlowModel) -> None:
        if self.moment != "at once":
            async with asyncio.timeout(_PATIENCE):
                await model.moments[f"Q1-{self.tag}", self.moment].wait()
