"""Who works for the company and writes where a customer does: their words are the company's, and nobody answers them."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.conversation import OwnershipEvent, OwnershipState
from core.domain.messages import Author, ChangeKind
from core.ports.store import Transition
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, answer, change_owner, claim, claim_one, customer, edited, finish, said
from tests.contract.stores.test_closed_tickets import Desk, staff

pytestmark = BOTH_DATABASES

ADA = customer("ada", display_name="Ada", verified=True, locale="de")
GRACE = customer("grace", display_name="Grace", verified=True, locale="fr")


def by_ada(event: str, text: str = "It is broken", **fields: Any) -> Any:
    return said(event, text, who=ADA, shared=True, locale="de", **fields)


def by_grace(event: str, text: str = "Which browser is it?", **fields: Any) -> Any:
    return said(event, text, who=GRACE, by_staff=True, **{"shared": True, "locale": "fr", **fields})


async def test_a_colleague_s_words_are_the_company_s_and_nobody_s_turn(store: SqlStore) -> None:
    await accept(store, by_ada("e1"))
    assert await finish(store, await claim_one(store), answer())
    await accept(store, by_grace("e2"))
    turn = await claim_one(store)
    assert (turn.pending, turn.conversation.state, turn.conversation.locale) == ((), OwnershipState.BOT, "de")
    last = turn.history[-1]
    assert (last.author, last.author_name, last.text) == (Author.STAFF, "Grace", "Which browser is it?")
    assert await finish(store, turn)
    assert await claim(store) == []


async def test_a_question_is_answered_that_came_with_a_colleague_s_words(store: SqlStore) -> None:
    await accept(store, by_ada("e1"), by_grace("e2"), by_ada("e3", "Firefox"))
    turn = await claim_one(store)
    assert [one.text for one in turn.pending] == ["It is broken", "Firefox"]
    assert [one.text for one in turn.history] == ["Which browser is it?"]
    assert turn.customer.display_name == "Ada"


async def test_whoever_began_a_conversation_is_its_customer(store: SqlStore) -> None:
    await accept(store, by_grace("e1", "Is this thing on?"))
    turn = await claim_one(store)
    assert [(one.author, one.text) for one in turn.pending] == [(Author.CUSTOMER, "Is this thing on?")]
    assert await finish(store, turn, answer())
    await accept(store, by_grace("e2", "And now?"))
    assert [one.text for one in (await claim_one(store)).pending] == ["And now?"]


@pytest.mark.parametrize("owned", [False, True])
async def test_staff_are_told_what_a_colleague_wrote_beside_them(store: SqlStore, owned: bool) -> None:
    await accept(store, by_ada("e1"))
    assert await finish(store, await claim_one(store), answer(), event=OwnershipEvent.ESCALATE)
    if owned:
        home = by_ada("e1").conversation.conversation_id
        await change_owner(store, home, Transition(OwnershipEvent.CLAIM, owner="linus"), [])
    await accept(store, by_grace("e2"), by_ada("e3", "Firefox"), edited("x", "e2", "Which one?"))
    turn = await claim_one(store)
    assert [(one.kind, one.message.text) for one in turn.changes] == [
        (ChangeKind.SAID, "Which one?"),
        (ChangeKind.EDITED, "Which one?"),
    ]
    assert [one.text for one in turn.pending] == ["Firefox"]
    assert turn.changes[0].seq < turn.pending[0].seq


async def test_a_colleague_reopens_nothing(store: SqlStore) -> None:
    await accept(store, by_ada("e1"))
    assert await finish(store, await claim_one(store), answer(), event=OwnershipEvent.ESCALATE)
    home = by_ada("e1").conversation.conversation_id
    await change_owner(store, home, Transition(OwnershipEvent.RESOLVE, reopen_within=60.0), [])
    (accepted,) = await accept(store, by_grace("e2", "I have called her"))
    assert accepted.state == OwnershipState.RESOLVED
    assert (await claim_one(store)).pending == ()


async def test_what_a_colleague_wrote_to_the_company_alone_is_no_customer_s_to_read(store: SqlStore) -> None:
    await accept(store, by_ada("e1", answered_alone=True))
    inside = by_grace("e2", "She never pays", shared=False, answered_alone=True)
    to_all = by_grace("e3", "We mend it today", answered_alone=True)
    await accept(store, inside, to_all)
    turn = await claim_one(store)
    assert [one.text for one in turn.history] == ["She never pays", "We mend it today"]
    assert [one.text for one in turn.with_history_for_reader().history] == ["We mend it today"]
    theirs = await store.customer_messages(ADA.channel, ADA.account, ADA.external_id, 10)
    assert "She never pays" not in [one.text for one in theirs]


async def test_knowledge_is_made_of_what_staff_said_at_the_desk(store: SqlStore, clock: ManualClock) -> None:
    desk = Desk(store, clock)
    await desk.opened("Where is my parcel?")
    await accept(store, by_grace("e1", "She never pays", shared=False, where=desk.where))
    await desk.turn("Hello?", staff("It left on Monday."))
    await desk.ended()
    (ticket,) = await store.closed_tickets(before=None, limit=10)
    assert [one.text for one in ticket.said if one.author is Author.STAFF] == ["It left on Monday."]
