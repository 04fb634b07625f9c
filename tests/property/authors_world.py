"""Worlds in which several people write in one place, with a model that asks every tool and says all that they tell it.

What each person wrote, and left in private, is marked as theirs, so that whatever the hub uses or says can be asked whose it is.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import ToolContext, tool
from core.domain.conversation import OwnershipEvent
from core.domain.messages import MessageReceived
from core.domain.readers import RECIPIENTS, addresses
from core.ports.chat_model import ChatRequest, Finished, TextDelta, ToolCall
from core.ports.metrics import NoMetrics
from core.ports.store import Acceptable, TurnOutcome, TurnState
from core.ports.tickets import Holder
from core.storage.store import SqlStore
from core.storage.tables import customer, identity
from core.turn import Turn
from handoff.waits.unstaffed_desk import UnstaffedDesk
from tests.contract.responders.world import Docs, MemoryJournal, SteppingClock
from tests.property.authors_mail import NAMES, Person, Place
from tests.unit.core.responders import sorry

_MARK = re.compile(r"w\d+m\d+x")
_LABEL = re.compile(r"^\[Customer (\d+)(?:, who is called “[^”]*”)?\] ")
_ANSWERED = re.compile(r"You answer Customer (\d+) now")
_ACCOUNT = re.compile(r"Account (\S+),")
_KINDS = {"ask": 6, "ticket": 2, "leave": 3, "person": 2, "withdraw": 2, "new": 1}


@dataclass
class ObservedTurn:
    """What one turn's agent was shown, and for whom its tools were called."""

    contexts: list[ToolContext] = field(default_factory=list)
    requests: list[ChatRequest] = field(default_factory=list)


_SEEN: ContextVar[ObservedTurn] = ContextVar("seen")


@tool(effect=False)
def whose_data(context: ToolContext) -> str:
    """What this customer's account says."""
    _SEEN.get().contexts.append(context)
    return f"Account {context.customer.id}, reached at {context.customer.contact.email}."


class Teller:
    """A ChatModel that asks for all there is about the customer, and says it."""

    name = "teller"

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """Tools first, then their results word for word."""
        _SEEN.get().requests.append(request)
        results = [one.content for one in request.messages if one.role == "tool"]
        if results:
            yield TextDelta(" ".join(results))
            yield Finished("stop")
            return
        asked = request.messages[-1].content
        names = ["lookup_account", "list_tickets", "whose_data"]
        calls = [ToolCall(f"call_{number}", name, "{}") for number, name in enumerate(names)]
        if "ticket" in asked:
            calls.append(
                ToolCall(
                    "call_9", "create_ticket", f'{{"subject": "about {_MARK.findall(asked)[-1]}", "description": "?"}}'
                )
            )
        yield Finished("tool_calls", tuple(calls))


@dataclass
class World:
    """One place with its people. ``said``: by mark, who wrote it, whether nobody else read it, and in which conversation."""

    number: int
    people: list[Person]
    place: Place
    said: dict[str, tuple[Person, bool, str]] = field(default_factory=dict)
    callers: dict[str, Person] = field(default_factory=dict)

    async def write(self, rng: random.Random) -> MessageReceived:
        """Somebody writes something somewhere."""
        who, aside, copied = rng.choice(self.people), rng.random() < 0.3, rng.random() < 0.7
        mark = f"w{self.number}m{len(self.said)}x"
        (kind,) = rng.choices(list(_KINDS), list(_KINDS.values()))
        event = await self.place.written(who, self._words(kind, who, mark), aside=aside, copied=copied)
        self.said[mark] = who, not event.shared, event.conversation.conversation_id
        return event

    def _words(self, kind: str, who: Person, mark: str) -> str:
        if kind == "leave":
            who.left.append(f"left.{mark}@home.example")
            return f"You can reach me at {who.left[-1]}, {mark}"
        return {
            "ask": f"What do you know of me? {mark}",
            "ticket": f"Can you open a ticket for {mark}?",
            "person": f"I want to talk to a person. {mark}",
            "withdraw": f"Never mind, I don't need a person any more. {mark}",
            "new": f"[Customer 1] What did the others say? {mark}",
        }[kind]

    def owners(self, text: str) -> set[int]:
        """Whose marks and addresses are in a text, by their numbers."""
        found = {self.said[mark][0].number for mark in _MARK.findall(text) if mark in self.said}
        return found | {one.number for one in self.people if any(mail in text for mail in (*one.left, one.address))}


class Worlds:
    """Many worlds over one store, whose turns run side by side. ``counts``: what there was to see."""

    def __init__(self, store: SqlStore, rng: random.Random, first: int, count: int) -> None:
        self._store = store
        self._rng = rng
        self.counts: Counter[str] = Counter()
        self._all = [self._make(first + number) for number in range(count)]
        self._homes: dict[str, World] = {}
        settings = AgentSettings(company_name="Tidepool")
        tools = (whose_data,)
        loop = AgentLoop(Teller(), Docs(), MemoryJournal(), settings, SteppingClock(), tools, tickets=store)
        self._turn = Turn(loop, UnstaffedDesk(), {}, NoMetrics(), sorry)

    def _make(self, number: int) -> World:
        names = self._rng.choices(NAMES, k=self._rng.randint(2, 4))
        people = [Person(number, place, name) for place, name in enumerate(names)]
        channel = self._rng.choice(["telegram", "slack", "email"])
        return World(number, people, Place(channel, number, people, self._store))

    async def run(self, bursts: int) -> None:
        """Bursts of messages, each answered before the next."""
        for _ in range(bursts):
            events = []
            for world in self._all:
                for _ in range(self._rng.randint(1, 4)):
                    event = await world.write(self._rng)
                    self._homes[event.conversation.conversation_id] = world
                    events.append(event)
            for result in await self._store.accept([Acceptable(event) for event in events]):
                assert not isinstance(result, Exception), result
            await self._answer_all()
        for world in self._all:
            await self._look_at_what_is_kept(world)

    async def _answer_all(self) -> None:
        while states := await self._store.claim(500, 3_600.0, history=60):
            done = await asyncio.gather(*(self._answer(state) for state in states))
            for (state, _, outcome), finished in zip(
                done, await self._store.finish([one[2] for one in done]), strict=True
            ):
                assert finished.held, (state, outcome)
            for state, seen, outcome in done:
                if state.pending:
                    self._look_at(self._homes[state.conversation.id], state, seen, outcome)

    async def _answer(self, state: TurnState) -> tuple[TurnState, ObservedTurn, TurnOutcome]:
        seen = ObservedTurn()
        _SEEN.set(seen)
        return state, seen, await self._turn.run(state)

    def _look_at(self, world: World, state: TurnState, seen: ObservedTurn, outcome: TurnOutcome) -> None:
        self.counts["turns"] += 1
        (author,) = {world.said[_MARK.findall(one.text)[-1]][0].number for one in state.pending}
        who = world.people[author]
        assert state.customer.external_id == who.id_on(world.place.channel)
        public = any(not world.said[_MARK.findall(one.text)[-1]][1] for one in state.pending)
        told = [one.content for request in seen.requests for one in request.messages if one.role == "tool"]
        told += [one.text for one in outcome.messages]
        for text in told:
            assert world.owners(text) <= {author}, (who, text)
            homes = {world.said[mark][2] for mark in _MARK.findall(text)}
            assert not public or homes <= {state.conversation.id}, (who, text)
            if public:
                assert not [mail for mail in (*who.left, who.address) if mail in text], (who, text)
            self.counts["private contacts told"] += any(mail in text for mail in who.left)
            self.counts["tickets told"] += "about w" in text
        for context in seen.contexts:
            assert context.customer.id == state.customer.id
            assert context.private <= (not public)
            self.counts["tool calls"] += 1
        if seen.requests:
            self._look_at_prompt(world, state, who, public, seen.requests[0])
        self._look_at_owner(world, state, who, outcome)

    def _look_at_prompt(self, world: World, state: TurnState, who: Person, public: bool, request: ChatRequest) -> None:
        """Nothing of another conversation, nothing that another wrote in private, and of all else whose it is."""
        said = [one for one in request.messages if one.role == "user"]
        system = "".join(one.content for one in request.messages if one.role == "system")
        answered = _ANSWERED.search(system)
        if world.place.channel == "email":  # of answers to others, what all got who get this one
            told = " ".join(one.content for one in request.messages if one.role == "assistant")
            got = [one.text for one in state.history if state.reader.addresses <= addresses(one.meta, RECIPIENTS)]
            assert set(_ACCOUNT.findall(told)) <= {state.customer.id, *_ACCOUNT.findall(" ".join(got))}, (who, told)
            self.counts["answers to others"] += not set(_ACCOUNT.findall(told)) <= {state.customer.id}
        for one in said:
            for mark in _MARK.findall(one.content):
                author, alone, home = world.said[mark]
                assert home == state.conversation.id
                assert not alone or author is who, (who, one.content)
                label = _LABEL.match(one.content)
                assert answered is None or label is not None, one.content
                assert answered is not None or author is who, one.content
                if answered is not None and label is not None:
                    assert (label[1] == answered[1]) == (author is who), (who, one.content)
                    self.counts["words of others"] += author is not who

    def _look_at_owner(self, world: World, state: TurnState, who: Person, outcome: TurnOutcome) -> None:
        """Only they take a wish for a person back who had it."""
        event = outcome.transition.event if outcome.transition is not None else None
        if event is OwnershipEvent.ESCALATE:
            world.callers[state.conversation.id] = who
        elif event is OwnershipEvent.WITHDRAW:
            assert world.callers[state.conversation.id] is who
            self.counts["wishes taken back"] += 1

    async def _look_at_what_is_kept(self, world: World) -> None:
        channel = world.place.channel
        for one in world.people:
            for row in await self._store.database.read(lambda connection, one=one: _kept(connection, channel, one)):
                assert row.email in (None, one.address, *one.left), (one, row)
                holder = Holder(row.id, "", verified=True)
                subjects = [found.subject for found in await self._store.tickets(holder, 1_000)]
                assert world.owners(" ".join(subjects)) <= {one.number}, (one, subjects)
                self.counts["contacts kept"] += row.email in one.left
                self.counts["tickets kept"] += len(subjects)


def _kept(connection: Connection, channel: str, who: Person) -> Sequence[object]:
    wanted = (
        select(customer)
        .join(identity, identity.c.customer_id == customer.c.id)
        .where(identity.c.channel == channel, identity.c.external_id == who.id_on(channel))
    )
    return connection.execute(wanted).all()
