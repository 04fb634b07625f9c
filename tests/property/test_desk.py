"""The desk under random interleavings of customer, agent, staff, crashes, redeliveries and time.

After a claim no agent is asked, and what of its words was on its way is shown to staff; what staff say among themselves, and ask
the agent, stays there; every message of the customer's reaches the agent or the desk, once and in order; who waits for a person
has a case, and who does not has none.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from core.agent.withdrawal import last_withdrawn
from core.domain.capabilities import Capabilities
from core.domain.case import Case
from core.domain.conversation import OwnershipState
from core.domain.messages import Author, CustomerAction, InboundEvent, MessageKind, MessageReceived, StaffAction
from core.domain.timers import TimerKind
from core.ports.store import Delivery, TurnState
from core.ports.timers import DueTimer, TimerDecision
from core.storage.migrate import migrate
from handoff.posts import POST
from tests.fixtures.report import MakeReport
from tests.property.desk_merging import MergedCases, picks, users
from tests.property.desk_promises import (
    hands_are_told,
    merged_cases_lead_to_each_other,
    one_voice,
    only_what_came_is_corrected,
    tickets_follow,
    what_was_on_its_way_is_shown,
)
from tests.property.desk_report import count_run, run_reported
from tests.property.desk_world import HOME, OTHER, UNDO, WITH_PEOPLE, Decided, DeskWorld
from tests.scale import Scale

_TAG = re.compile(r"<C(\d+)>")
_TAKEN_BACK = "Never mind, I don't need a person any more."


def _tag(text: str) -> str:
    """What a message is known by, however it is changed."""
    return text[text.index("<") : text.index(">") + 1]


_PRESSED = [
    action for action in StaffAction if action not in (StaffAction.ASK, StaffAction.BLOCK, StaffAction.OPEN_CASE)
]
"""Questions to the agent are a conversation of their own (``staff_ask_the_agent``). Who is blocked is told to nobody
(tests/contract/stores/test_blocked.py), and no case is opened in the thread of another."""


class Desk(MergedCases):
    """Each rule is one event; what must hold is asked of the database."""

    template: Path

    def __init__(self) -> None:
        super().__init__(DeskWorld(self.template))
        self.said: list[MessageReceived] = []
        self.gone: set[str] = set()
        self.turns: list[TurnState] = []
        self.decided: list[Decided] = []
        self.sending: list[Delivery] = []
        self.written: dict[str, str] = {}
        self.staff_said: list[MessageReceived] = []
        self.rings: list[tuple[DueTimer, TimerDecision]] = []
        self.late: list[MessageReceived] = []
        self.wordings: dict[str, list[str]] = {}
        self.taken_back: list[str] = []
        self.took_back = False

    def teardown(self) -> None:
        try:
            self.turns.clear()
            self.decided.clear()
            self.world.settle_down()
            self._at_rest()
            count_run(self)
        finally:
            self.world.close()

    @initialize(
        with_case=st.integers(0, 4),
        user=users,
        claimed=st.booleans(),
        replied=st.booleans(),
        sent=st.integers(0, 2),
        beside=st.booleans(),
    )
    def begin(self, with_case: int, user: str, claimed: bool, replied: bool, sent: int, beside: bool) -> None:
        """Mostly with a person asked for, and perhaps there: chance alone seldom comes that far. Perhaps during an answer, and
        perhaps beside another customer's case.
        """
        if beside:
            self.another_customer_writes(1)
            self.all_goes_well()
            self.all_goes_well()
        if with_case > 2:  # nobody is told who came
            self.world.channels[HOME.channel] = Capabilities(text_limit=1000, costly=True)
        if not with_case:
            return
        if sent == 0:
            number = self.world.number()
            self._accept(self.world.customer_says(f"<C{number}>", f"c{number}"))
            (state,) = self.world.claim()
            decided = self.world.decide(state)
            assert decided is not None
            assert self.world.commit(decided)
            self.sending.extend(self.world.send("web"))
        self._accept(self.world.customer_says("<C0>", "c0", CustomerAction.REQUEST_PERSON))
        self.all_goes_well()
        self.all_goes_well()
        if claimed:
            self._accept(self.world.staff_does(self.world.threads[0], user, "", StaffAction.CLAIM))
            self.all_goes_well()
            if replied:
                self.staff_write(0, user, note=False)
                self.all_goes_well()

    # --- the customer ---

    @rule(person=st.integers(0, 3))
    def customer_writes(self, person: int) -> None:
        number = self.world.number()
        action = CustomerAction.REQUEST_PERSON if person == 0 else None
        self._accept(self.world.customer_says(f"<C{number}>", f"c{number}", action))

    @rule(question=st.booleans())
    def customer_takes_the_wish_back(self, question: bool) -> None:
        """Staff are shown it with the rest of what was written; the agent answers what is asked."""
        asked = f" Where is <C{self.world.number()}>?" if question else ""
        event = self.world.customer_says(f"{_TAKEN_BACK}{asked}", f"t{self.world.number()}")
        self.world.accept(event)
        self.seen.append(event)
        self.took_back = True
        if question:
            self.said.append(event)

    @rule(score=st.integers(1, 5))
    def customer_rates(self, score: int) -> None:
        event = self.world.customer_says(str(score), f"r{self.world.number()}")
        self.world.accept(event)
        self.seen.append(event)

    @precondition(lambda self: self.said)
    @rule(pick=picks, delete=st.booleans())
    def customer_changes(self, pick: int, delete: bool) -> None:
        target = self.said[pick % len(self.said)]
        self._accept(self.world.customer_changes(target, None if delete else f"{target.text} changed"))
        if delete:
            self.gone.add(_tag(target.text))

    @precondition(lambda self: self.seen)
    @rule(pick=picks)
    def provider_delivers_again(self, pick: int) -> None:
        self.world.accept(self.seen[pick % len(self.seen)])

    # --- staff ---

    @precondition(lambda self: self.world.threads)
    @rule(pick=picks, user=users, action=st.sampled_from(_PRESSED))
    def staff_press(self, pick: int, user: str, action: StaffAction) -> None:
        thread = self.world.threads[pick % len(self.world.threads)]
        choice = "hour" if action is StaffAction.SNOOZE else ""
        if action in (StaffAction.REPLY, StaffAction.NOTE):
            choice = f"[S{self.world.number()}]"
            self.written[choice] = user if action is StaffAction.REPLY else "nobody"
        self._accept(self.world.staff_does(thread, user, choice, action))

    @precondition(lambda self: self.world.threads)
    @rule(pick=picks, user=users, note=st.booleans())
    def staff_write(self, pick: int, user: str, note: bool) -> None:
        thread = self.world.threads[pick % len(self.world.threads)]
        text = f"{'// ' if note else ''}[S{self.world.number()}]"
        self.written[text] = "nobody" if note else user
        event = self.world.staff_does(thread, user, text)
        self._accept(event)
        self.staff_said.append(event)

    @precondition(lambda self: self.world.threads)
    @rule(pick=picks, user=users)
    def staff_write_while_slack_cannot_deliver(self, pick: int, user: str) -> None:
        """It is for the customer only if its author has the conversation now; who has pressed for it may have."""
        thread = self.world.threads[pick % len(self.world.threads)]
        text = f"[S{self.world.number()}]"
        event = self.world.staff_does(thread, user, text)
        owner = self.world.owner()
        pressed = self.world.has_pending(event.conversation)
        self.written[text] = user if pressed or owner == user else "nobody"
        self.world.pass_time(0.1)
        self.late.append(event)

    @precondition(lambda self: self.late)
    @rule(pick=picks)
    def slack_delivers_late(self, pick: int) -> None:
        event = self.late.pop(pick % len(self.late))
        self._accept(event)
        self.staff_said.append(event)

    @precondition(lambda self: self.staff_said)
    @rule(pick=picks, note=st.booleans(), delete=st.booleans())
    def staff_change(self, pick: int, note: bool, delete: bool) -> None:
        """In time or too late; what was a note, or becomes one, is nothing for the customer. Mostly it is the last.

        What nobody has looked at yet is read as it is now.
        """
        target = self.staff_said[-1] if pick % 3 else self.staff_said[pick % len(self.staff_said)]
        text = f"{'// ' if note else ''}[S{self.world.number()}]"
        if not delete:
            noted = target.text.startswith("//")
            inside = not self.world.has_pending(target.conversation) if noted else self._is_inside(target)
            self.written[text] = "nobody" if note or inside else target.sender.external_id
        wordings = self.wordings.setdefault(str(target.key), [target.text])
        if not delete:
            wordings.append(text)
        elif not any(one in begun for one in wordings for begun in self.world.begun):
            self.taken_back += wordings
        self._accept(self.world.staff_changes(target, None if delete else text))

    @precondition(lambda self: self.world.threads)
    @rule(pick=picks, user=users)
    def staff_ask_the_agent(self, pick: int, user: str) -> None:
        thread = self.world.threads[pick % len(self.world.threads)]
        text = f"[S{self.world.number()}]"
        self.written[text] = "nobody"
        self._accept(self.world.staff_does(f"{thread}/agent", user, text, StaffAction.ASK))

    def _is_inside(self, target: MessageReceived) -> bool:
        return self.written[target.text] == "nobody"

    def _accept(self, event: InboundEvent) -> None:
        super()._accept(event)
        if isinstance(event, MessageReceived) and event.conversation == HOME:
            self.said.append(event)

    # --- the hub ---

    @rule()
    def a_worker_claims(self) -> None:
        self.turns.extend(self.world.claim())

    @precondition(lambda self: self.turns)
    @rule(pick=picks)
    def a_turn_is_decided(self, pick: int) -> None:
        state = self.turns.pop(pick % len(self.turns))
        asked = len(self.world.agent.asked_while)
        decided = self.world.decide(state)
        if decided is not None:
            self.decided.append(decided)
        for state_then in self.world.agent.asked_while[asked:]:
            assert state_then is not OwnershipState.STAFF, "an agent was asked while somebody had the conversation"
            taken_back = last_withdrawn(state.pending) is not None
            assert state_then is not OwnershipState.QUEUED or taken_back, "an agent was asked while a person was wanted"

    @precondition(lambda self: self.decided)
    @rule(pick=picks, crash=st.integers(0, 4))
    def a_turn_is_committed(self, pick: int, crash: int) -> None:
        decided = self.decided.pop(pick % len(self.decided))
        if crash:
            self.world.commit(decided)

    @rule()
    def timers_come_due(self) -> None:
        self.rings.extend(self.world.due())

    @precondition(lambda self: self.rings)
    @rule(pick=picks, crash=st.integers(0, 4))
    def a_timer_rings(self, pick: int, crash: int) -> None:
        decided = self.rings.pop(pick % len(self.rings))
        if crash and self.world.ring(decided):
            assert not self.world.ring(decided), "it rang twice"

    @rule(channel=st.sampled_from(["web", "desk"]))
    def a_lane_claims(self, channel: str) -> None:
        self.sending.extend(self.world.send(channel))

    @rule()
    def the_lane_is_faster_than_the_thread(self) -> None:
        """The time to take something back is over, and the thread has been busy all along."""
        self.world.pass_time(UNDO + 1)
        self.sending.clear()  # whoever had them is past the deadline, and must not begin any more
        self.sending.extend(self.world.send("web"))

    @precondition(lambda self: self.sending)
    @rule(pick=picks, crash=st.integers(0, 4))
    def a_message_is_sent(self, pick: int, crash: int) -> None:
        delivery = self.sending.pop(pick % len(self.sending))
        if crash:
            self.world.settle(delivery)

    @precondition(lambda self: any(one.message.author is Author.STAFF for one in self.sending))
    @rule(pick=picks)
    def a_reply_is_refused(self, pick: int) -> None:
        """By the customer's provider: they have blocked us, or the address is not one."""
        replies = [
            one for one in self.sending if one.message.author is Author.STAFF and one.message.kind is MessageKind.ANSWER
        ]
        if replies:
            delivery = replies[pick % len(replies)]
            self.sending.remove(delivery)
            self.world.refuse(delivery)

    @rule(seconds=st.sampled_from([0.5, 3.0, 6.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    # --- what must hold ---

    @invariant()
    def nothing_internal_leaks(self) -> None:
        for message in self.world.told_customer():
            assert POST not in message.meta, "what is made for the thread"
            for text, user in self.written.items():
                if text.strip("/ ") in message.text:
                    assert message.author is Author.STAFF
                    assert message.author_name == user.title(), "what was not the owner's, or was a note, went out"

    @invariant()
    def what_was_deleted_in_time_is_never_begun(self) -> None:
        """Whatever the thread had to do meanwhile."""
        begun = [text for text in self.world.begun if any(one in text for one in self.taken_back)]
        assert not begun, begun

    @invariant()
    def nobody_hears_two_voices(self) -> None:
        for sent in self.world.lanes.values():  # a mail may overtake the page, and the other way round
            one_voice(sent, self.world.told_customer)

    def _at_rest(self) -> None:
        """Everything was worked off: where is each message?"""
        world = self.world
        state = world.conversation_state()
        if state is None:
            return
        cases, others = world.cases(), world.cases(OTHER)
        merged_cases_lead_to_each_other(world, [*cases, *others])
        tickets_follow(world, others, OTHER)
        for now, found in ((state, cases), (world.conversation_state(OTHER), others)):
            open_cases = [case for case in found if case.closed_at is None]
            assert len(open_cases) == (1 if now in WITH_PEOPLE else 0), (now, found)
        for case in cases:
            self._nobody_is_forgotten(case, state)
        told = world.told_customer()
        hands_are_told(world, told, state)
        tickets_follow(world, cases)
        what_was_on_its_way_is_shown(world, cases)
        only_what_came_is_corrected(world, told)
        posts = [message for case in cases for message in world.told_staff(case.id)]
        shown = [one.text for one in posts if one.meta.get("post") == "said" and one.author is Author.CUSTOMER]
        anew = [one.text for one in posts if one.meta.get("post") == "edited" and one.meta["copy"] is None]
        comments = [one.text for one in posts if one.meta.get("post") == "remark" and "comment:" in one.text]
        answers = [message.text for message in told if message.author is Author.AGENT]
        for tag in map(_tag, [event.text for event in self.said]):
            reached = [text for text in [*shown, *comments] if tag in text]
            answered = [text for text in answers if tag in text]
            assert len(reached) <= 1, reached
            assert not (reached and [text for text in anew if tag in text]), "it stands twice in the thread"
            assert len(answered) <= 1, answered
            if tag not in self.gone:
                both = self.took_back and len(reached) == len(answered) == 1
                assert both or len(reached) + len(answered) == 1, (tag, reached, answered)
        order = [int(found) for text in shown for found in _TAG.findall(text)]
        assert order == sorted(order), "in order"

    def _nobody_is_forgotten(self, case: Case, state: OwnershipState) -> None:
        """Whoever waits is remembered by a timer, and nobody is bothered for a case that is closed."""
        waits = self.world.waits(case.id)
        if case.closed_at is not None:
            assert not waits
            return
        spoken = [message.author for message in self.world.heard()]
        if state is OwnershipState.QUEUED:
            assert waits & {TimerKind.UNCLAIMED, TimerKind.SNOOZED}, waits
            assert TimerKind.OWNER_SILENT not in waits
        elif spoken[-1:] == [Author.CUSTOMER]:
            assert waits & {TimerKind.OWNER_SILENT, TimerKind.SNOOZED}, waits
            assert TimerKind.UNCLAIMED not in waits


@pytest.mark.soak
def test_the_desk_under_random_interleavings(scale: Scale, tmp_path: Path, make_report: MakeReport) -> None:
    """A failure is told as it was found. To have it shortened as well, which takes minutes, set SWITCHBOARD_SOAK=1."""
    Desk.template = tmp_path / "template.db"
    asyncio.run(migrate(f"sqlite:///{Desk.template}"))
    phases = set(hypothesis.settings.default.phases)
    settings = hypothesis.settings(
        hypothesis.settings.default,
        max_examples=scale.pick(small=8, full=1_666),
        stateful_step_count=60,
        phases=phases if scale.full else phases - {hypothesis.Phase.shrink, hypothesis.Phase.explain},
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_reported(Desk, settings, make_report("desk-interleavings", "The desk's promises under random interleavings"))
