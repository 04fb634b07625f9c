"""A customer, two staff members and a desk over a real store, with every hop in the test's hands."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from core.domain.alterations import CORRECTS
from core.domain.capabilities import Capabilities
from core.domain.case import DESK, Case
from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.delivery import DeliveryStatus
from core.domain.errors import LostClaim, NotYet
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import (
    Audience,
    Author,
    CustomerAction,
    InboundEvent,
    Message,
    MessageDeleted,
    MessageEdited,
    MessageKind,
    MessageReceived,
    OutboundMessage,
    Receipt,
    StaffAction,
)
from core.domain.timers import Timer, TimerKind
from core.ports.store import Acceptable, Delivery, Settlement, TurnOutcome, TurnState
from core.ports.timers import DueTimer, TimerDecision
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.slack_desk import SlackDesk
from handoff.thread.altering import withdrawn_by
from handoff.waits.timers import DeskTimers
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE
from tests.property.asked_agent import AskedAgent
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

Result = TypeVar("Result")
HOME = ConversationKey("web", "main", "t1")
OTHER = ConversationKey("web", "main", "t2")
"""Of another customer, whose cases stand beside."""
UNDO = 5.0
WITH_PEOPLE = (OwnershipState.QUEUED, OwnershipState.STAFF)


class KnownPeople:
    """Implements handoff.people.People."""

    async def called(self, staff_id: str) -> str | None:
        """As customers read it."""
        return staff_id.title()

    async def gone(self, staff_id: str) -> bool:
        """Those whose names say so."""
        return staff_id.startswith("gone")


class FakeDeskChannel:
    """Implements handoff.desk_parts.DeskChannel: a thread is named by its card's id."""

    account = "main"

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def case_of(self, thread: ConversationKey) -> str | None:
        """As the receipts say."""
        card = thread.thread.removeprefix("thread-of/").removesuffix("/agent")
        return await self._store.case_shown_at(self.account, card)


class Decides(Protocol):
    """What it means that a timer has come due."""

    async def ring(self, timer: Timer) -> TimerDecision: ...


@dataclass
class Decided:
    """A turn that was run and not committed yet."""

    state: TurnState
    outcome: TurnOutcome


class DeskWorld:
    """``close`` it. ``helpers``: further parts of the desk (DeskParts)."""

    settings = HandoffSettings(
        undo_seconds=UNDO, reopen_seconds=60.0, remind_seconds=60.0, owner_seconds=60.0, honest_seconds=30.0
    )

    def __init__(self, template: Path, **helpers: Any) -> None:
        memory = Path("/dev/shm")  # where there is such a thing, thousands of commits need not reach a disk
        self.home = Path(tempfile.mkdtemp(prefix="switchboard-desk-", dir=memory if memory.is_dir() else None))
        shutil.copy(template, self.home / "hub.db")
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.store = SqlStore(f"sqlite:///{self.home / 'hub.db'}", self.clock)
        self.do(self.store.open())
        self.agent = AskedAgent(self.store)
        self.channels: dict[str, Capabilities] = {}
        helpers = {"agent": self.agent, "channels": self.channels, **helpers}
        parts = DeskParts(
            self.store, self.store, KnownPeople(), FakeDeskChannel(self.store), self.clock, self.store, **helpers
        )
        desk = SlackDesk(parts, self.settings)
        self.parts = parts
        self.timers: Decides = DeskTimers(parts, self.settings)
        self.turn = Turn(self.agent, desk, {}, CountedMetrics(), sorry)
        self.threads: list[str] = []
        self.other_threads: list[str] = []
        self.events = 0
        self.posts = 0
        self.sent: list[tuple[Author, str]] = []
        self.lanes: dict[str, list[OutboundMessage]] = {}
        self.begun: list[str] = []
        self.arrived: set[str] = set()
        self.refused: set[str] = set()
        self.heard_with_people: list[str] = []

    def close(self) -> None:
        """Take it all away."""
        self.do(self.store.close())
        self.loop.close()
        shutil.rmtree(self.home)

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Until it is done."""
        return self.loop.run_until_complete(work)

    def accept(self, event: InboundEvent) -> None:
        """As a channel hands it over; it may not be refused."""
        (result,) = self.do(self.store.accept([Acceptable(event)]))
        assert not isinstance(result, Exception), result

    def number(self) -> int:
        """The next event's."""
        self.events += 1
        return self.events

    def customer_says(
        self, text: str, event: str, action: CustomerAction | None = None, home: ConversationKey = HOME
    ) -> MessageReceived:
        """An event, not accepted yet."""
        who = Identity("web", "main", "ada" if home == HOME else "ben")
        return MessageReceived(EventKey("web", "main", event), home, who, text, self.clock.now(), action=action)

    def customer_changes(self, target: MessageReceived, text: str | None) -> MessageEdited | MessageDeleted:
        """With None it is deleted."""
        key = EventKey("web", "main", f"x{self.number()}")
        if text is None:
            return MessageDeleted(key, HOME, target.key, self.clock.now())
        return MessageEdited(key, HOME, target.key, text, self.clock.now())

    def staff_does(
        self, thread: str, user: str, text: str, action: StaffAction | None = None, *, reply_to: str | None = None
    ) -> MessageReceived:
        """An event, not accepted yet."""
        return MessageReceived(
            EventKey("slack", "main", f"s{self.number()}"),
            ConversationKey("slack", "main", f"thread-of/{thread}"),
            Identity("slack", "main", user, verified=True),
            text,
            self.clock.now(),
            action=action,
            reply_to=reply_to,
            audience=Audience.STAFF,
        )

    def staff_changes(self, target: MessageReceived, text: str | None) -> MessageEdited | MessageDeleted:
        """With None it is deleted."""
        key = EventKey("slack", "main", f"s{self.number()}")
        if text is None:
            return MessageDeleted(key, target.conversation, target.key, self.clock.now(), audience=Audience.STAFF)
        return MessageEdited(key, target.conversation, target.key, text, self.clock.now(), Audience.STAFF)

    def claim(self) -> Sequence[TurnState]:
        """Whatever has work."""
        return self.do(self.store.claim(10, LEASE, history=100))

    def decide(self, state: TurnState) -> Decided | None:
        """Run a turn; one that cannot be decided yet is given back."""
        try:
            return Decided(state, self.do(self.turn.run(state)))
        except LostClaim:
            return None
        except NotYet as error:
            self.do(self.store.postpone(state.claim, delay=error.seconds, error=error.detail, counts=False))
            return None

    def commit(self, decided: Decided) -> bool:
        """Whether it was written."""
        (finished,) = self.do(self.store.finish([decided.outcome]))
        return finished.held and not finished.outdated

    def due(self) -> list[tuple[DueTimer, TimerDecision]]:
        """What is decided about the timers that are due, not committed yet."""
        return [(due, self.do(self.timers.decide(due.timer))) for due in self.do(self.store.due_timers(10, LEASE))]

    def ring(self, decided: tuple[DueTimer, TimerDecision]) -> bool:
        """Whether it was written."""
        finished = self.do(self.store.finish_timer(*decided))
        return finished.held and not finished.outdated

    def waits(self, case_id: str) -> set[TimerKind]:
        """What a case is remembered by."""
        return {timer.kind for timer in self.do(self.store.timers(case_id))}

    def send(self, channel: str) -> list[Delivery]:
        """Claimed for sending."""
        claimed = list(self.do(self.store.claim_deliveries(channel, "main", 5, LEASE)))
        self.begun += [one.message.text for one in claimed if one.message.conversation.channel != DESK]
        return claimed

    def settle(self, delivery: Delivery) -> None:
        """It was sent. A card's id is its thread's name."""
        if delivery.message.conversation.channel != DESK:
            self.arrived.add(delivery.message.message_id)
        if delivery.message.conversation.channel != DESK and delivery.message.conversation != OTHER:
            lane = self.lanes.setdefault(delivery.message.conversation.channel, [])
            lane.append(delivery.message)
            self.sent.append((delivery.message.author, delivery.message.text))
            if delivery.message.author is Author.AGENT and self.conversation_state() in WITH_PEOPLE:
                self.heard_with_people.append(delivery.message.text)
        if delivery.message.conversation.channel == DESK:
            self.posts += 1
            receipt = Receipt(f"post-{self.posts}", tracked=True)
            if delivery.message.meta.get("post") == "card":
                of_other = Case.home(delivery.message.conversation.thread) == OTHER.conversation_id
                (self.other_threads if of_other else self.threads).append(f"post-{self.posts}")
        else:
            receipt = Receipt()
        self.do(self.store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, (receipt,))]))

    def refuse(self, delivery: Delivery) -> None:
        """The provider takes it not, and never will."""
        self.refused.add(delivery.message.message_id)
        dead = Settlement(delivery.id, delivery.token, DeliveryStatus.DEAD, error="It was refused.")
        self.do(self.store.settle([dead]))

    def sent_texts(self) -> list[tuple[Author, str]]:
        """What reached the customer, in order."""
        return self.sent

    def pass_time(self, seconds: float) -> None:
        """For leases, the time to take back, and reopening."""
        self.clock.move(seconds)

    def work_once(self) -> None:
        """What can be done now, without letting time pass."""
        for _ in range(20):
            states = self.claim()
            for state in states:
                decided = self.decide(state)
                if decided is not None:
                    self.commit(decided)
            deliveries = [*self.send("web"), *self.send(DESK)]
            for delivery in deliveries:
                self.settle(delivery)
            if not states and not deliveries:
                return

    def settle_down(self) -> None:
        """Work and send until nothing is left, as after the last crash. A turn that was lost often waits before the next try."""
        for _ in range(200):
            self.pass_time(LEASE + UNDO + 1)
            states = self.claim()
            for state in states:
                decided = self.decide(state)
                if decided is not None:
                    self.commit(decided)
            deliveries = [*self.send("web"), *self.send(DESK)]
            for delivery in deliveries:
                self.settle(delivery)
            if not states and not deliveries and not any(map(self.has_pending, (HOME, OTHER))):
                return
        raise AssertionError("It never came to rest.")

    def conversation_state(self, home: ConversationKey = HOME) -> OwnershipState | None:
        """Whose it is; None before the first message."""
        found = self.do(self.store.conversation(home.conversation_id))
        return None if found is None else found.state

    def owner(self, home: ConversationKey = HOME) -> str | None:
        """Who has the conversation."""
        found = self.do(self.store.conversation(home.conversation_id))
        return None if found is None else found.owner

    def has_pending(self, place: ConversationKey) -> bool:
        """Whether something there has not been worked on."""
        found = self.do(self.store.conversation(place.conversation_id))
        return found is not None and found.done_seq < found.last_seq

    def heard(self) -> list[Message]:
        """What customer and staff said to each other: what was taken back, and what only changes something, is not said.

        Staff are told when a reply is refused, so nobody has forgotten that customer.
        """
        said = [one for one in self.told_customer() if one.author in (Author.CUSTOMER, Author.STAFF)]
        lost = self.do(self.store.lost([one.id for one in said])) - self.refused
        said = [one for one in said if one.id not in lost and one.deleted_at is None]
        gone = {withdrawn_by(one) for one in said}
        said = [one for one in said if one.id not in gone and CORRECTS not in one.meta]
        return [one for one in said if one.author is Author.CUSTOMER or one.kind is MessageKind.ANSWER]

    def told_customer(self, home: ConversationKey = HOME) -> Sequence[Message]:
        """The whole conversation."""
        return self.do(self.store.messages(home.conversation_id, limit=10_000))

    def cases(self, home: ConversationKey = HOME) -> list[Case]:
        """All that there were, the oldest first."""
        found: list[Case] = []
        while case := self.do(self.store.case(Case.named(home.conversation_id, len(found) + 1))):
            found.append(case)
        return found

    def told_staff(self, case_id: str) -> Sequence[Message]:
        """The whole feed of a case."""
        feed = ConversationKey(DESK, "main", case_id)
        return self.do(self.store.messages(feed.conversation_id, limit=10_000))
