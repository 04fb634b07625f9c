"""Linking an address by a code: who may, where the code goes, how often, and what is committed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from core.budgets import BudgetLedger
from core.domain.budget import Budget, Spender
from core.domain.capabilities import AnswersBy
from core.domain.contact_route import ContactRoute
from core.domain.conversation import Sharing
from core.domain.customer import LINK, ContactDetails, Customer, Identity
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message, MessageKind
from core.linking import CODE_SECONDS, CODE_TRIES, Linking, link_codes
from core.ports.outcomes import LinkIdentity, TurnOutcome, UnlinkIdentity
from core.ports.store import TurnState
from tests.contract.responders.world import message, turn_of
from tests.contract.stores.manual_clock import ManualClock

ALICE = Customer("alice", "anon:alice", "Alice")
NUMBER = "+4930123456"


def routes(contact: ContactDetails, home: ConversationKey) -> list[ContactRoute]:
    found = []
    if contact.email:
        found.append(ContactRoute(ConversationKey("email", "help@x", f"mail {home}"), contact.email, contact.email))
    if contact.phone:
        number = "+" + re.sub(r"\D", "", contact.phone)
        found.append(ContactRoute(ConversationKey("sms", "AC1", f"us/{number}"), number, contact.phone))
    return [one for one in found if one.key.channel != home.channel]


class World:
    """One chat on the page, and whatever was sent elsewhere for it."""

    def __init__(self, clock: ManualClock, in_all: int = 60, keys: tuple[str, ...] = ("k" * 32,)) -> None:
        self.clock = clock
        self.codes = iter(f"{number:06}" for number in range(100_001, 200_000))
        self.linking = self.make(BudgetLedger(clock), link_codes(in_all), keys)
        self.signed = True
        self.customer = ALICE
        self.history: tuple[Message, ...] = ()

    def make(self, budgets: BudgetLedger, codes: Budget, keys: tuple[str, ...]) -> Linking:
        kinds = {"email": AnswersBy.THREAD, "sms": AnswersBy.SENDER}
        return Linking(routes, kinds, budgets, codes, self._spender, keys, self.clock, "Acme", lambda: next(self.codes))

    def _spender(self, state: TurnState) -> Spender:
        return Spender(f"customer:{state.customer.id}")

    def turn(self, *texts: str, **fields: Any) -> TurnState:
        state = turn_of(*texts)
        return replace(state, customer=self.customer, history=self.history, **fields)

    def decide(self, state: TurnState) -> tuple[TurnState, TurnOutcome | None]:
        """The part of the turn that comes first, and what is committed for it where it is about links."""
        state, of_links = self.linking.apart(state, signed=self.signed)
        return state, self.linking.answer(state, signed=self.signed) if of_links else None

    def say(self, *texts: str, **fields: Any) -> TurnOutcome | None:
        """What the hub commits, which is history from then on."""
        state = self.turn(*texts, **fields)
        outcome = self.decide(state)[1]
        if outcome is not None:
            told = [message(one.text, author=one.author, meta=dict(one.meta)) for one in outcome.messages[:1]]
            self.history = (*self.history, *(replace(one, customer_id=self.customer.id) for one in told))
        return outcome


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def world(clock: ManualClock) -> Iterator[World]:
    return World(clock)  # type: ignore[return-value]


def told(outcome: TurnOutcome | None) -> str:
    assert outcome is not None
    return outcome.messages[0].text


def code_in(outcome: TurnOutcome | None) -> str:
    assert outcome is not None
    (digits,) = re.findall(r"\b\d{6}\b", outcome.messages[1].text)
    return str(digits)


def test_the_code_goes_to_the_address_alone_and_links_it(world: World) -> None:
    asked = world.say("link my phone +49 30 123456")
    code = code_in(asked)
    assert asked is not None
    sent = asked.messages[1]
    assert (sent.author, sent.kind) == (Author.SYSTEM, MessageKind.FOLLOW_UP)
    assert sent.route is not None
    assert sent.route.address == NUMBER
    assert code not in told(asked)
    assert code not in str(asked.messages[0].meta)
    assert asked.cases == ()
    linked = world.say(f"{code[:3]} {code[3:]}")
    assert linked is not None
    (record,) = linked.cases
    assert isinstance(record, LinkIdentity)
    assert (record.customer_id, record.identity) == ("alice", Identity("sms", "AC1", NUMBER))
    notice = linked.messages[1]
    assert notice.route is not None
    assert (notice.route.address, "UNLINK" in notice.text) == (NUMBER, True)
    assert world.say(code) is None, "a code is good for once"


def test_a_number_may_be_written_with_zeros(world: World) -> None:
    asked = world.say("link my phone 0049 30 123456")
    assert asked is not None
    assert asked.messages[1].route is not None
    assert asked.messages[1].route.address == "+4930123456"


def test_a_linked_mail_address_is_the_one_that_its_server_proves(world: World) -> None:
    linked = world.say(code_in(world.say("It's me, alice@example.com")))
    assert linked is not None
    (record,) = linked.cases
    assert isinstance(record, LinkIdentity)
    assert record.identity == Identity("email", "help@x", "alice@example.com", verified=True)


def test_a_code_can_be_tried_five_times(world: World) -> None:
    code = code_in(world.say("link my phone +49 30 123456"))
    for _ in range(CODE_TRIES - 1):
        wrong = world.say("999999")
        assert wrong is not None
        assert (wrong.cases, wrong.messages[0].meta[LINK]["code"]) == ((), world.history[0].meta[LINK]["code"])
    last = world.say("999999")
    assert last is not None
    assert last.messages[0].meta[LINK] == {}
    assert world.say(code) is None


def test_a_code_is_good_for_ten_minutes(world: World, clock: ManualClock) -> None:
    code = code_in(world.say("link my phone +49 30 123456"))
    clock.move(CODE_SECONDS + 1)
    late = world.say(code)
    assert late is not None
    assert (late.cases, late.messages[0].meta[LINK]) == ((), {})


def test_a_newer_code_takes_the_place_of_an_older_one(world: World) -> None:
    first = code_in(world.say("link my phone +49 30 123456"))
    second = code_in(world.say("link my phone +49 30 123456"))
    outcome = world.say(first)
    assert outcome is not None
    assert outcome.cases == ()
    again = world.say(second)
    assert again is not None
    assert len(again.cases) == 1


def test_another_customer_of_the_conversation_cannot_use_the_code(world: World) -> None:
    code = code_in(world.say("link my phone +49 30 123456"))
    world.customer = replace(ALICE, id="mallory")
    assert world.say(code) is None


def test_keys_may_be_rotated_while_a_code_is_on_its_way(world: World, clock: ManualClock) -> None:
    code = code_in(world.say("link my phone +49 30 123456"))
    world.linking = replace(world.linking, keys=("n" * 32, "k" * 32))
    outcome = world.say(code)
    assert outcome is not None
    assert len(outcome.cases) == 1


@pytest.mark.parametrize("why", ["unproven", "shared", "no address", "no country", "unreachable", "own channel"])
def test_where_it_cannot_be_proven_nothing_is_sent(world: World, why: str) -> None:
    text, fields = "link my phone +49 30 123456", {}
    home = world.turn("x").conversation
    if why == "unproven":
        world.signed = False
    elif why == "shared":
        fields = {"conversation": replace(home, shared=Sharing.ALWAYS)}
    elif why == "no country":
        text = "link my phone 030 123456"
    elif why == "no address":
        text = "link my phone"
    elif why == "unreachable":
        world.linking = replace(world.linking, routes=lambda _contact, _home: ())
    else:
        fields = {"conversation": replace(home, key=ConversationKey("sms", "AC1", "us/them"))}
    outcome = world.say(text, **fields)
    assert outcome is not None
    assert len(outcome.messages) == 1
    assert "link my phone" in told(outcome)


def test_nobody_is_spammed_and_nobody_guesses_for_long(world: World, clock: ManualClock) -> None:
    """Three codes in a day for one address whoever asks, three in an hour for one who asks, and so many in all."""
    for place in range(3):
        world.customer = replace(ALICE, id=f"stranger {place}")
        assert len((world.say("link my phone +49 30 123456") or TurnOutcome.__new__(TurnOutcome)).messages) == 2
    world.customer = replace(ALICE, id="another stranger")
    refused = world.say("link my phone +49 30 123456")
    assert refused is not None
    assert len(refused.messages) == 1
    for place in range(3):
        assert len((world.say(f"link my phone +49 30 99999{place}") or refused).messages) == 2
    assert world.say("link my phone +49 30 999999") == replace(refused, cases=())
    clock.move(3_600)
    assert len((world.say("link my phone +49 30 999998") or refused).messages) == 2


def test_one_mailbox_gets_three_codes_in_a_day_however_it_is_written(world: World, clock: ManualClock) -> None:
    sent = 0
    for place, address in enumerate(("a@x.org", "A+1@x.org", "a+2@x.org", "a+3@X.ORG", "b@x.org")):
        world.customer = replace(ALICE, id=f"stranger {place}")
        outcome = world.say(f"It's me, {address}")
        assert outcome is not None
        sent += len(outcome.messages) - 1
    assert sent == 4, "three to the one mailbox, one to the other"


def test_there_is_a_limit_for_all_together(clock: ManualClock) -> None:
    world = World(clock, in_all=2)
    sent = 0
    for place in range(5):
        world.customer = replace(ALICE, id=f"stranger {place}")
        outcome = world.say(f"link my phone +49 30 99999{place}")
        assert outcome is not None
        sent += len(outcome.messages) - 1
    assert sent == 2


def test_it_is_undone_by_channel_or_for_oneself(world: World) -> None:
    for text, channels in (("unlink my phone", ("sms",)), ("unlink my e-mail", ("email",)), ("UNLINK", ())):
        outcome = world.say(text)
        assert outcome is not None
        assert outcome.cases == (UnlinkIdentity("alice", "customer", channels),)
    outcome = world.say("UNLINK +49 30 123456")
    assert outcome is not None
    assert outcome.cases == (UnlinkIdentity("alice", "customer", ("sms",), "+49 30 123456"),)


def test_a_kind_of_address_that_is_not_set_up_is_not_the_own_one(world: World) -> None:
    world.linking = replace(world.linking, channels={"email": AnswersBy.THREAD})
    outcome = world.say("unlink my phone")
    assert outcome is not None
    (record,) = outcome.cases
    assert isinstance(record, UnlinkIdentity)
    assert record.channels
    assert "email" not in record.channels


def test_what_else_was_written_is_a_turn_of_its_own(world: World) -> None:
    state = world.turn("What does it cost?", "link my phone +49 30 123456", "And the shipping?")
    first, outcome = world.decide(state)
    assert (outcome, [one.text for one in first.pending]) == (None, ["What does it cost?"])
    rest = replace(state, pending=state.pending[1:])
    _, outcome = world.decide(rest)
    assert outcome is not None
    assert outcome.handled_seq == state.pending[1].seq
    assert len(outcome.messages) == 2


def test_where_no_codes_are_sent_links_are_only_undone(world: World) -> None:
    world.linking = replace(world.linking, routes=None)
    assert world.say("link my phone +49 30 123456") is None
    assert world.say("unlink my phone") is not None


def test_six_digits_are_no_code_where_none_was_asked_for(world: World) -> None:
    assert world.say("123456") is None
    assert world.say("My order is 123456") is None
