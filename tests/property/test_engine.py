"""The engine under random interleavings, on the real store: nothing lost, doubled or reordered; never two voices.

Workers crash (their leases end), wake up as zombies and finish all the same; providers deliver twice; staff take over and
hand back; deliveries fail, are settled late and are claimed anew.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from core.domain.conversation import IllegalTransition, OwnershipEvent, OwnershipState, next_state
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author
from core.ports.channel import Accepted
from core.ports.store import Delivery, NewMessage, Settlement, Transition, TurnState
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, answer, change_owner, item, outcome, said, thread
from tests.property.engine_model import DeliveryEvent, Said, Thread
from tests.scale import Scale

Result = TypeVar("Result")

NAMES = ["t1", "t2"]
BY_STAFF = [
    OwnershipEvent.ESCALATE,
    OwnershipEvent.CLAIM,
    OwnershipEvent.RELEASE,
    OwnershipEvent.HAND_BACK,
    OwnershipEvent.RESOLVE,
]
SETTLED = {
    DeliveryStatus.SENT: DeliveryEvent.CONFIRM,
    DeliveryStatus.DUE: DeliveryEvent.RETRY,
    DeliveryStatus.DEAD: DeliveryEvent.GIVE_UP,
}
names = st.sampled_from(NAMES)
picks = st.integers(0, 1000)


class Engine(RuleBasedStateMachine):
    """Each rule does one thing to the store and to the model; they must agree."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")  # where there is such a thing, thousands of commits need not reach a disk
        self.home = Path(tempfile.mkdtemp(prefix="switchboard-engine-", dir=memory if memory.is_dir() else None))
        shutil.copy(self.template, self.home / "hub.db")
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        self.store = SqlStore(f"sqlite:///{self.home / 'hub.db'}", self.clock)
        self.do(self.store.open())
        self.threads = {thread(name).conversation_id: Thread(name) for name in NAMES}
        self.turns: list[TurnState] = []
        self.deliveries: list[Delivery] = []
        self.events = 0

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        try:
            self.finish_everything()
        finally:
            self.do(self.store.close())
            self.loop.close()
            shutil.rmtree(self.home)

    # --- customers ---

    @rule(wheres=st.lists(names, min_size=1, max_size=4), repeat=st.booleans(), pick=picks)
    def customers_write(self, wheres: list[str], repeat: bool, pick: int) -> None:
        """Some messages in one commit, and perhaps one that was delivered before."""
        batch = []
        for where in wheres:
            self.events += 1
            batch.append((f"e{self.events}", where))
        known = [(one.event, model.name) for model in self.threads.values() for one in model.said]
        repeated = known[pick % len(known)] if repeat and known else None
        if repeated:
            batch.insert(pick % len(batch), repeated)
        results = self.do(self.store.accept([item(said(event, where=where)) for event, where in batch]))
        for (event, where), result in zip(batch, results, strict=True):
            assert isinstance(result, Accepted), result
            self._accepted(self.threads[thread(where).conversation_id], event, result)

    def _accepted(self, model: Thread, event: str, result: Accepted) -> None:
        known = next((one for one in model.said if one.event == event), None)
        if known is not None:
            assert result.duplicate
            assert (result.message_id, result.seq) == (known.message_id, known.seq)
            return
        model.reopen()
        model.last_seq += 1
        assert not result.duplicate
        assert result.seq == model.last_seq
        assert result.state == model.state
        model.said.append(Said(event, result.message_id, result.seq))

    # --- workers ---

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        for state in self.do(self.store.claim(limit, LEASE, history=100)):
            model = self.threads[state.conversation.id]
            assert [message.id for message in state.pending] == model.unhandled, "all that waits, and nothing twice"
            assert state.conversation.state == model.state
            assert [message.id for message in (*state.history, *state.pending)] == model.remembered
            model.holder = state.claim
            self.turns.append(state)

    @precondition(lambda self: self.turns)
    @rule(pick=picks, texts=st.integers(0, 2), escalate=st.booleans(), again=st.booleans())
    def finish(self, pick: int, texts: int, escalate: bool, again: bool) -> None:
        """By whoever once had a claim: its holder, a zombie, or one that finished already."""
        state = self.turns[pick % len(self.turns)]
        if not again:
            self.turns.remove(state)
        model = self.threads[state.conversation.id]
        held = model.holder == state.claim
        event = OwnershipEvent.ESCALATE if escalate and state.conversation.state == OwnershipState.BOT else None
        messages = [answer(f"a{number}") for number in range(texts)]
        if event:
            messages = [answer("A person will answer.", author=Author.SYSTEM)]
        (finished,) = self.do(self.store.finish([outcome(state, *messages, event=event)]))
        assert finished.held == held
        if held:
            model.holder = None
            self._handled(model, state)
            if event:
                model.happen(event)
            self._spoken(model, messages)

    def _handled(self, model: Thread, state: TurnState) -> None:
        for one in model.said:
            if one.message_id in {message.id for message in state.pending}:
                assert not one.handled, "handled twice"
                one.handled = True

    def _spoken(self, model: Thread, messages: list[NewMessage]) -> None:
        if messages:
            stored = self.do(
                self.store.messages(thread(model.name).conversation_id, after=model.last_seq, limit=len(messages))
            )
            assert [message.text for message in stored] == [message.text for message in messages]
            for message in stored:
                model.speak(message.id, message.author)

    @precondition(lambda self: self.turns)
    @rule(pick=picks)
    def heartbeat(self, pick: int) -> None:
        state = self.turns[pick % len(self.turns)]
        held = self.do(self.store.extend([state.claim], LEASE))
        assert bool(held) == (self.threads[state.conversation.id].holder == state.claim)

    @precondition(lambda self: self.turns)
    @rule(pick=picks, delay=st.sampled_from([0.0, 1.0, 20.0]), give_back=st.booleans())
    def give_up(self, pick: int, delay: float, give_back: bool) -> None:
        """Postponed after a failure, or released by a worker that stops."""
        state = self.turns.pop(pick % len(self.turns))
        model = self.threads[state.conversation.id]
        held = model.holder == state.claim
        if give_back:
            self.do(self.store.release([state.claim]))
        else:
            assert self.do(self.store.postpone(state.claim, delay=delay, error="x")) == held
        if held:
            model.holder = None

    @rule(seconds=st.sampled_from([0.5, 2.0, LEASE + 0.1, 60.0]))
    def time_passes(self, seconds: float) -> None:
        """Beyond a lease it is a crash: somebody else may claim, and the former holder becomes a zombie."""
        self.clock.move(seconds)

    @precondition(lambda self: self.turns or self.deliveries)
    @rule(status=st.sampled_from(list(SETTLED)), dead=st.booleans())
    def crash(self, status: DeliveryStatus, dead: bool) -> None:
        """The worker hangs past its leases and a successor claims what it had; then it carries on, unless it is dead."""
        turns, deliveries = len(self.turns), len(self.deliveries)
        self.clock.move(LEASE + 0.1)
        self.claim(10)
        self.claim_deliveries(10)
        if dead:
            del self.turns[:turns], self.deliveries[:deliveries]
            return
        for _ in range(turns):
            self.finish(0, 1, escalate=False, again=False)
        for _ in range(deliveries):
            self.settle(0, status, uncertain=False, late=False)

    @rule(wheres=st.lists(names, min_size=1, max_size=2), texts=st.integers(1, 2), again=st.booleans())
    def question_and_answer(self, wheres: list[str], texts: int, again: bool) -> None:
        """What happens most of the time, and perhaps the same commit once more."""
        self.customers_write(wheres, repeat=False, pick=0)
        known = len(self.turns)
        self.claim(10)
        while len(self.turns) > known:
            if again:
                self.finish(known, texts, escalate=False, again=True)
            self.finish(known, texts, escalate=False, again=False)

    # --- staff ---

    @rule(name=names, event=st.sampled_from(BY_STAFF), speaks=st.booleans())
    def staff(self, name: str, event: OwnershipEvent, speaks: bool) -> None:
        model = self.threads[thread(name).conversation_id]
        if not model.said:
            return
        messages = [answer("Grace here.", author=Author.STAFF)] if speaks else []
        work = change_owner(self.store, thread(name).conversation_id, Transition(event, owner="grace"), messages)
        try:
            next_state(model.state, event)
        except IllegalTransition:
            with pytest.raises(IllegalTransition):
                self.do(work)
            return
        changed = self.do(work)
        model.happen(event)
        assert changed.state == model.state
        assert changed.ownership_epoch == model.ownership_epoch
        self._spoken(model, messages)

    # --- lanes ---

    @rule(limit=st.integers(1, 3))
    def claim_deliveries(self, limit: int) -> None:
        self._begun(self.do(self.store.claim_deliveries("web", "main", limit, LEASE)))

    def _begun(self, found: Any) -> None:
        self._withheld()
        for delivery in found:
            model = self.threads[delivery.conversation_id]
            row = model.row(delivery.message.message_id)
            assert row is model.head(), "something before it in the conversation is still open"
            changed = row.author == Author.AGENT and row.ownership_epoch != model.ownership_epoch
            assert delivery.owner_changed is changed
            assert delivery.uncertain or not changed, "the agent speaks after a takeover"
            assert delivery.uncertain or row.status == DeliveryStatus.DUE, "sent again without a doubt"
            row.happen(DeliveryEvent.BEGIN)
            row.token = delivery.token
            self.deliveries.append(delivery)

    def _withheld(self) -> None:
        """What the store withheld must have lost its owner before it was begun."""
        for message_id in self._with_status(DeliveryStatus.WITHHELD):
            model = next(
                model for model in self.threads.values() if any(r.message_id == message_id for r in model.rows)
            )
            row = model.row(message_id)
            if row.status != DeliveryStatus.WITHHELD:
                assert row.author == Author.AGENT
                assert row.ownership_epoch != model.ownership_epoch
                row.happen(DeliveryEvent.WITHHOLD)

    def _with_status(self, status: DeliveryStatus) -> list[str]:
        from sqlalchemy import select

        from core.storage.tables import outbox

        statement = select(outbox.c.message_id).where(outbox.c.status == status)
        return self.do(self.store.database.read(lambda connection: list(connection.scalars(statement))))

    @precondition(lambda self: self.deliveries)
    @rule(pick=picks, status=st.sampled_from(list(SETTLED)), uncertain=st.booleans(), late=st.booleans())
    def settle(self, pick: int, status: DeliveryStatus, uncertain: bool, late: bool) -> None:
        """By the worker that claimed it, in time or long after somebody else did."""
        delivery = self.deliveries[pick % len(self.deliveries)]
        if not late:
            self.deliveries.remove(delivery)
        retry = 1.0 if status == DeliveryStatus.DUE else None
        self.do(
            self.store.settle(
                [Settlement(delivery.id, delivery.token, status, retry_after=retry, uncertain=uncertain, error="x")]
            )
        )
        row = self.threads[delivery.conversation_id].row(delivery.message.message_id)
        if row.token == delivery.token:
            row.token = None
            row.uncertain = uncertain
            row.happen(SETTLED[status])

    # --- always ---

    @invariant()
    def the_store_is_what_the_model_says(self) -> None:
        for key, model in self.threads.items():
            conversation = self.do(self.store.conversation(key))
            if conversation is None:
                assert not model.said
                continue
            assert conversation.state == model.state
            assert conversation.ownership_epoch == model.ownership_epoch
            assert conversation.last_seq == model.last_seq
            assert conversation.done_seq <= conversation.last_seq
            assert all(one.handled for one in model.said if one.seq <= conversation.done_seq), "lost"

    def the_messages_are_what_was_said(self) -> None:
        for key, model in self.threads.items():
            stored = self.do(self.store.messages(key, limit=1000))
            assert [message.seq for message in stored] == list(range(1, model.last_seq + 1)), "a gap"
            assert [m.id for m in stored if m.author == Author.CUSTOMER] == [one.message_id for one in model.said]

    def finish_everything(self) -> None:
        """Whatever happened, an honest worker brings everything to its end."""
        self.turns.clear()
        self.the_messages_are_what_was_said()
        for _ in range(4 * sum(model.last_seq for model in self.threads.values()) + 10):
            self.clock.move(LEASE + 301)
            self.claim(10)
            while self.turns:
                self.finish(0, 1, escalate=False, again=False)
            found = self.do(self.store.claim_deliveries("web", "main", 10, LEASE))
            self._begun(found)
            self.do(self.store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT) for one in found]))
            for one in found:
                self.threads[one.conversation_id].row(one.message.message_id).happen(DeliveryEvent.CONFIRM)
            counts = self.do(self.store.counts())
            if not counts["conversations_pending"] and not counts["deliveries_due"]:
                break
        self.the_messages_are_what_was_said()
        for model in self.threads.values():
            assert model.unhandled == [], "an accepted message was never handled"
            assert not any(row.open for row in model.rows), "a message was never delivered"


@pytest.fixture(autouse=True)
def template(tmp_path: Path, sqlite_url: str) -> None:
    """A migrated file to copy: migrating anew for each example would take most of the time."""
    Engine.template = Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.mark.soak
def test_the_engine_under_random_interleavings(scale: Scale) -> None:
    """A failure is told as it was found. To have it shortened as well, which takes minutes, set SWITCHBOARD_SOAK=1."""
    phases = set(hypothesis.settings.default.phases)
    settings = hypothesis.settings(
        hypothesis.settings.default,
        max_examples=hypothesis.settings.default.max_examples // 4,
        stateful_step_count=40,
        phases=phases if scale.full else phases - {hypothesis.Phase.shrink, hypothesis.Phase.explain},
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(Engine, settings=settings)
