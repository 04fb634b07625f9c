"""Another customer beside the first in the desk's property test, and cases that are merged, whichever way, and split."""

from __future__ import annotations

import json

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.domain.messages import CustomerAction, InboundEvent, StaffAction
from handoff.posts import POST
from handoff.tickets import NOTE
from tests.property.desk_world import HOME, OTHER, DeskWorld

picks = st.integers(0, 1000)
users = st.sampled_from(["grace", "linus"])


class MergedCases(RuleBasedStateMachine):
    """``beside``: what was said by the other customer and to them."""

    def __init__(self, world: DeskWorld) -> None:
        super().__init__()
        self.world = world
        self.seen: list[InboundEvent] = []
        self.beside: list[str] = []

    def _accept(self, event: InboundEvent) -> None:
        self.world.accept(event)
        self.seen.append(event)

    @rule()
    def all_goes_well(self) -> None:
        """What is to be done is done, once."""
        for state in self.world.claim():
            decided = self.world.decide(state)
            if decided is not None:
                self.world.commit(decided)
        for delivery in [*self.world.send("web"), *self.world.send("desk")]:
            self.world.settle(delivery)

    @rule(person=st.integers(0, 2))
    def another_customer_writes(self, person: int) -> None:
        """Mostly to get a person, so that there is another case."""
        number, action = self.world.number(), CustomerAction.REQUEST_PERSON if person else None
        event = self.world.customer_says(f"<B{number}>", f"b{number}", action, OTHER)
        self.world.accept(event)
        self.seen.append(event)
        self.beside.append(f"<B{number}>")

    @precondition(lambda self: self.world.other_threads)
    @rule(pick=picks, user=users, action=st.sampled_from([StaffAction.CLAIM, StaffAction.RESOLVE, None]))
    def staff_work_beside(self, pick: int, user: str, action: StaffAction | None) -> None:
        """What is written there is for that customer alone."""
        thread = self.world.other_threads[pick % len(self.world.other_threads)]
        text = f"[B{self.world.number()}]" if action is None else ""
        self.beside += [text] if text else []
        self._accept(self.world.staff_does(thread, user, text, action))

    @precondition(lambda self: self.world.threads and self.world.other_threads)
    @rule(pick=picks, user=users, into_other=st.booleans())
    def staff_merge(self, pick: int, user: str, into_other: bool) -> None:
        """Whichever way, from any thread, into any case: mostly the newest, and by its owner."""
        threads, home = (self.world.threads, OTHER) if into_other else (self.world.other_threads, HOME)
        cases = self.world.cases(home)
        into = cases[-1] if pick % 3 else cases[pick % len(cases)]
        facts = self.world.do(self.world.store.card("main", into.id))
        thread = threads[-1] if pick % 3 else threads[pick % len(threads)]
        owner = self.world.owner(HOME if into_other else OTHER) if pick % 5 else None
        self._accept(self.world.staff_does(thread, owner or user, str(facts["ticket"]), StaffAction.MERGE))
        if pick % 2:
            self.all_goes_well()

    @precondition(lambda self: self.world.owner() is not None and self.world.threads)
    @rule(pick=picks, at_rest=st.booleans())
    def the_owner_splits(self, pick: int, at_rest: bool) -> None:
        """Mostly from the thread of the newest case, and mostly in peace."""
        threads = self.world.threads
        thread = threads[-1] if pick % 4 else threads[pick % len(threads)]
        form = json.dumps({NOTE: f"Matter {self.world.number()}"})
        self._accept(self.world.staff_does(thread, self.world.owner() or "", form, StaffAction.SPLIT))
        if at_rest:
            self.all_goes_well()
            self.all_goes_well()

    @invariant()
    def nobody_reads_what_is_for_another(self) -> None:
        """Whatever was merged into what."""
        for message in self.world.told_customer():
            assert not any(text in message.text for text in self.beside), message
        for message in self.world.told_customer(OTHER):
            assert POST not in message.meta
            assert "[S" not in message.text, message
            assert "<C" not in message.text, message
