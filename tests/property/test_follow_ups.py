"""A customer who leaves and comes back, answers by mail and on the page, while people and the agent take turns, crash and repeat.

Whatever happens: what staff wrote and no page has shown goes by mail once, in order; nothing internal, and nothing of the agent's
while somebody has the conversation, goes there; and every answer by mail reaches the agent or the desk exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from core.domain.capabilities import AnswersBy, Capabilities
from core.domain.contact_route import ContactRoute
from core.domain.customer import ContactDetails, Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import SENT_BY, Author, CustomerAction, MessageKind, MessageReceived, StaffAction
from core.domain.timers import TimerKind
from core.ports.event_log import LogFrame
from core.ports.store import Acceptable, Delivery
from core.storage.migrate import migrate
from handoff.posts import POST
from handoff.thread.altering import as_corrected
from handoff.waits.follow_up import FollowUpTimers
from tests.fixtures.report import MakeReport
from tests.property.desk_promises import one_voice
from tests.property.desk_report import run_reported
from tests.property.desk_world import HOME, DeskWorld
from tests.property.test_desk import Desk, picks, users
from tests.scale import Scale

ADA = "ada@example.com"
_KEY = ConversationKey("email", "main", "token")


def routes(contact: ContactDetails, _home: ConversationKey) -> Sequence[ContactRoute]:
    """A mailbox is set up."""
    return [ContactRoute(_KEY, ADA, ADA)] if contact.email == ADA else []


class RoadWorld(DeskWorld):
    """With a page and a mailbox. ``mails``: what came into it, in order."""

    settings = replace(DeskWorld.settings, follow_up_seconds=30.0, follow_ups=10_000)

    def __init__(self, template: Path) -> None:
        super().__init__(template, channels={"web": Capabilities(text_limit=1000, event_log=True)})
        others = self.timers.decide
        self.timers = FollowUpTimers(others, self.parts, self.store, routes, self.settings, "Acme")
        self.mails: list[Delivery] = []

    def settle(self, delivery: Delivery) -> None:
        """The page's log takes what is for it; a mail is a mail."""
        where = delivery.message.conversation.channel
        if where == "email":
            self.mails.append(delivery)
        if where == "web":
            frame = LogFrame("message", message_id=delivery.message.message_id, dedupe=delivery.id)
            self.do(self.store.append(delivery.conversation_id, [frame]))
        super().settle(delivery)

    def waits(self, case_id: str) -> set[TimerKind]:
        """Follow-ups outlive their cases."""
        return super().waits(case_id) - {TimerKind.FOLLOW_UP}

    def send(self, channel: str) -> list[Delivery]:
        """Whoever delivers to the page delivers mail."""
        found = super().send(channel)
        return [*found, *super().send("email")] if channel == "web" else found

    def shows(self) -> None:
        """The page is open."""
        home = HOME.conversation_id
        self.do(self.store.note_shown(home, self.do(self.store.head(home))))

    def mailed(self, event: str, text: str) -> Acceptable:
        """An answer by mail."""
        sender = Identity("email", "main", ADA)
        received = MessageReceived(EventKey("email", "main", event), _KEY, sender, text, self.clock.now())
        return Acceptable(received, follow_up=AnswersBy.THREAD)


class Leaving(Desk):
    """All that can happen at the desk, and a customer who comes and goes."""

    world: RoadWorld

    def __init__(self) -> None:
        super().__init__()
        self.world.close()
        self.world = RoadWorld(self.template)
        self.answers: list[Acceptable] = []

    @initialize(user=users, rings=st.booleans(), answers=st.booleans())
    def begin(self, user: str, rings: bool, answers: bool) -> None:
        """With somebody who has come, an address, and a first word that no page has shown: chance alone never comes that far."""
        self._accept(self.world.customer_says("<C0>", "c0", CustomerAction.REQUEST_PERSON))
        self.all_goes_well()
        self.all_goes_well()
        thread = self.world.threads[0]
        self._accept(self.world.staff_does(thread, user, "", StaffAction.CLAIM))
        self.customer_leaves_an_address()
        self.all_goes_well()
        text = f"[S{self.world.number()}]"
        self.written[text] = user
        self._accept(self.world.staff_does(thread, user, text))
        self.world.work_once()
        self.world.pass_time(6.0)
        self.world.work_once()
        self.world.pass_time(31.0)
        for outcome in self.world.due() if rings else ():
            self.world.ring(outcome)
        self.world.work_once()
        if self.world.mails and answers:
            self.customer_answers_by_mail()

    @rule()
    def customer_leaves_an_address(self) -> None:
        """What it is for is understood, and it asks for nothing."""
        event = self.world.customer_says(f"You can write to {ADA}", f"a{self.world.number()}")
        self.world.accept(event)
        self.seen.append(event)

    @rule()
    def the_page_shows_everything(self) -> None:
        self.world.shows()

    @precondition(lambda self: self.world.mails)
    @rule()
    def customer_answers_by_mail(self) -> None:
        number = self.world.number()
        item = self.world.mailed(f"m{number}", f"<C{number}>")
        self._take(item)
        self.answers.append(item)

    @precondition(lambda self: self.answers)
    @rule(pick=picks)
    def the_mailbox_is_read_again(self, pick: int) -> None:
        self._take(self.answers[pick % len(self.answers)])

    def _take(self, item: Acceptable) -> None:
        (result,) = self.world.do(self.world.store.accept([item]))
        assert not isinstance(result, Exception), result
        assert result.conversation_id == HOME.conversation_id
        if not result.duplicate:
            assert isinstance(item.event, MessageReceived)
            self.said.append(replace(item.event, conversation=HOME))

    @rule(pick=picks, delete=st.booleans())
    def customer_changes(self, pick: int, delete: bool) -> None:
        """Only what was written on the page: a mail cannot be changed."""
        mine = [event for event in self.said if event.key.channel == "web"]
        if mine:
            target = mine[pick % len(mine)]
            self._accept(self.world.customer_changes(target, None if delete else f"{target.text} changed"))
            if delete:
                self.gone.add(target.text[target.text.index("<") : target.text.index(">") + 1])

    @rule(seconds=st.sampled_from([10.0, 31.0]))
    def time_for_a_follow_up(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @invariant()
    def nothing_but_the_owners_words_is_mailed(self) -> None:
        for mail in self.world.mails:
            assert POST not in mail.message.meta
            assert mail.message.address == ADA
            for text, user in self.written.items():
                if text.strip("/ ") in mail.message.text:
                    assert user != "nobody", "a note"
        one_voice([one.message for one in self.world.mails], self.world.told_customer)

    @invariant()
    def what_was_written_is_mailed_once(self) -> None:
        words = [mail.message.text for mail in self.world.mails if mail.message.kind is MessageKind.FOLLOW_UP]
        for text, user in self.written.items():
            if user != "nobody":
                assert sum(text in one for one in words) <= 1 + sum("correct" in one for one in words), text

    def _at_rest(self) -> None:
        super()._at_rest()
        self._all_is_followed_up()

    def _all_is_followed_up(self) -> None:
        """Once nobody does anything any more, no timer is left, and what no page has shown has gone or cannot go."""
        world: Any = self.world
        for _ in range(20):
            world.pass_time(world.settings.follow_up_seconds + 1)
            for due, decision in world.due():
                if due.timer.kind is TimerKind.FOLLOW_UP:
                    world.ring((due, decision))
            for delivery in world.send("web"):
                world.settle(delivery)
        seen = world.do(world.store.unseen(HOME.conversation_id))
        said = as_corrected([one for one, _ in seen.messages])  # what was taken back unread need not be
        left = [one for one in said if one.author is Author.STAFF and SENT_BY not in one.meta]
        assert not left, "somebody who has left was forgotten"


@pytest.mark.soak
def test_leaving_and_coming_back_under_random_interleavings(
    scale: Scale, tmp_path: Path, make_report: MakeReport
) -> None:
    """As for the desk itself (tests.property.test_desk)."""
    Desk.template = Leaving.template = tmp_path / "template.db"
    asyncio.run(migrate(f"sqlite:///{Desk.template}"))
    phases = set(hypothesis.settings.default.phases)
    settings = hypothesis.settings(
        hypothesis.settings.default,
        max_examples=scale.pick(small=5, full=833),
        stateful_step_count=60,
        phases=phases if scale.full else phases - {hypothesis.Phase.shrink, hypothesis.Phase.explain},
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    report = make_report("desk-follow-ups", "Leaving the page and coming back under random interleavings")
    run_reported(Leaving, settings, report)
