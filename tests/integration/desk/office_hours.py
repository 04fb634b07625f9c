"""A customer, staff and timers over a real store, with time in the test's hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.agent.small_talk import only_thanks
from core.domain.case import Case, feed
from core.domain.conversation import Conversation
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, CustomerAction, Message, MessageKind, MessageReceived, StaffAction
from core.domain.timers import Timer, TimerKind
from core.ports.desk import Roster
from core.ports.responder import Reply, TurnEvents
from core.ports.store import Acceptable, TurnState
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.timers import TimerLoop, TimerSettings
from core.turn import Turn
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.slack_desk import SlackDesk
from handoff.waits.timers import DeskTimers
from tests.contract.stores.manual_clock import ManualClock
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

HOME = ConversationKey("web", "main", "t1")
CASE = Case.named(HOME.conversation_id, 1)
LEASE = 10.0


class People:
    """Implements handoff.people.People. ``left``: whose accounts were closed."""

    def __init__(self) -> None:
        self.left: set[str] = set()

    async def called(self, staff_id: str) -> str | None:
        """As customers read it."""
        return staff_id.title()

    async def gone(self, staff_id: str) -> bool:
        """Whether they cannot answer any more."""
        return staff_id in self.left


class FakeDeskChannel:
    """Implements handoff.desk_parts.DeskChannel: a thread is named by its case."""

    account = "main"

    async def case_of(self, thread: ConversationKey) -> str | None:
        """The name."""
        return thread.thread


UNKNOWN = Reply("I don't know.", MessageKind.UNKNOWN, offers_person=True)


class Agent:
    """``reply``: what it says to everything; without one it must not be asked."""

    def __init__(self) -> None:
        self.reply: Reply | None = None

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        assert self.reply is not None, "The agent was asked."
        return self.reply


class OfficeHours:
    """One case, and any number of processes that look after its timers."""

    def __init__(
        self,
        store: SqlStore,
        clock: ManualClock,
        settings: HandoffSettings,
        roster: Roster | None = None,
        who: str = "t1",
    ) -> None:
        self.roster = roster
        self.home = replace(HOME, thread=who)
        self.prefix = "" if self.home == HOME else who
        self.case = Case.named(self.home.conversation_id, 1)
        self.store = store
        self.clock = clock
        self.settings = settings
        self.wake = LocalWake()
        self.events = 0
        self.people = People()
        desk = SlackDesk(self.parts(store), settings)
        self.agent = Agent()
        self.turn = Turn(self.agent, desk, {}, CountedMetrics(), sorry)
        self.timers = DeskTimers(self.parts(store), settings)
        self.loop = self.process(store)

    def parts(self, store: SqlStore) -> DeskParts:
        """What a desk works with."""
        return DeskParts(
            records=store,
            cases=store,
            people=self.people,
            desk_channel=FakeDeskChannel(),
            clock=self.clock,
            tickets=store,
            only_thanks=only_thanks,
            roster=self.roster,
        )

    def process(self, store: SqlStore) -> TimerLoop:
        """Another one."""
        decide = DeskTimers(self.parts(store), self.settings).decide
        return TimerLoop(store, decide, self.wake, TimerSettings(lease=LEASE))

    async def customer(self, text: str, action: CustomerAction | None = None) -> None:
        """The customer writes, and the turn is done."""
        await self._accept(self.from_customer(text, action))

    def from_customer(self, text: str, action: CustomerAction | None = None) -> MessageReceived:
        """What the customer writes."""
        self.events += 1
        key = EventKey("web", "main", f"{self.prefix}c{self.events}")
        who = Identity("web", "main", "ada", locale="en")
        return MessageReceived(key, self.home, who, text, self.clock.now(), action=action, locale="en")

    async def escalates(self) -> None:
        """The case begins."""
        await self.customer("A person, please", CustomerAction.REQUEST_PERSON)

    async def staff(self, text: str, action: StaffAction | None = None, user: str = "grace") -> None:
        """Somebody writes or presses in the case's thread, and the turn is done."""
        await self._accept(self.from_staff(text, action, user))

    def from_staff(self, text: str, action: StaffAction | None = None, user: str = "grace") -> MessageReceived:
        """What somebody writes or presses."""
        self.events += 1
        key = EventKey("slack", "main", f"m/C1{self.prefix}/{self.events}.0")
        who, thread = Identity("slack", "main", user, verified=True), ConversationKey("slack", "main", self.case)
        return MessageReceived(key, thread, who, text, self.clock.now(), action=action, audience=Audience.STAFF)

    async def press(self, action: StaffAction, user: str = "grace", text: str = "") -> None:
        """A button."""
        await self.staff(text or str(action), action, user)

    async def passes(self, minutes: float) -> int:
        """So much later, what is due is done; how many timers that were."""
        self.clock.move(minutes * 60)
        return await self.loop.once()

    async def told(self) -> Sequence[Message]:
        """What staff were told in the thread."""
        return await self.store.messages(feed("main", self.case).conversation_id, limit=500)

    async def posts(self, post: str) -> list[Message]:
        """Of one kind."""
        return [message for message in await self.told() if message.meta.get("post") == post]

    async def reads(self) -> list[str]:
        """What the customer was told."""
        said = await self.store.messages(self.home.conversation_id, limit=500)
        return [message.text for message in said if message.author != "customer"]

    async def set(self) -> dict[TimerKind, Timer]:
        """Timers of the case."""
        return {timer.kind: timer for timer in await self.store.timers(self.case)}

    async def conversation(self) -> Conversation:
        """The customer's."""
        found = await self.store.conversation(self.home.conversation_id)
        assert found is not None
        return found

    async def _accept(self, event: Any) -> None:
        await self.accepts(event)
        await self.works()

    async def accepts(self, event: Any) -> None:
        """It is stored, and nothing more: the thread is busy."""
        (result,) = await self.store.accept([Acceptable(event)])
        assert not isinstance(result, Exception), result

    async def works(self) -> None:
        """What is pending is done."""
        for state in await self.store.claim(10, 5.0, history=60):
            (finished,) = await self.store.finish([await self.turn.run(state)])
            assert finished.held, "the turn was lost"
            assert not finished.outdated
