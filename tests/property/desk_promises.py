"""What must hold of a desk whatever happened, asked of what was sent and of what is stored."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from core.domain.alterations import CORRECTS
from core.domain.case import Case
from core.domain.conversation import OwnershipEvent, OwnershipState, next_state
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message, OutboundMessage
from core.domain.ticket import TicketStatus
from core.storage.desk_tables import ticket
from core.storage.tables import ownership_change
from tests.property.desk_world import HOME, DeskWorld

_TAKEN = "has joined the conversation"
_LEFT = ("the assistant answers again", "has closed this conversation", "I have taken back your request")


def one_voice(sent: Sequence[OutboundMessage], told: Callable[[], Sequence[Message]]) -> None:
    """Between "X has joined", or X's first words where that is not said, and the end of it, the agent says nothing.

    ``sent``: what one channel delivered. Its end may be said on another: a wish that was taken back on the page is
    confirmed there, and what is then asked by mail is the agent's. So ``told``, the whole conversation, is read where
    the channel alone shows no end.
    """
    theirs = False
    for message in sent:
        if message.author is Author.STAFF or _TAKEN in message.text:
            theirs = True
        elif _says_end(message.text):
            theirs = False
        assert not (theirs and message.author is Author.AGENT) or _ended_before(message, told()), (message, sent)


def _says_end(text: str) -> bool:
    return any(left in text for left in _LEFT)


def _ended_before(answer: OutboundMessage, told: Sequence[Message]) -> bool:
    """Whether, when the answer was written, the last that was said by staff or of them was an end."""
    before = itertools.takewhile(lambda message: message.id != answer.message_id, told)
    ends = [
        _says_end(one.text) for one in before if one.author is Author.STAFF or _TAKEN in one.text or _says_end(one.text)
    ]
    return ends[-1:] == [True]


def hands_are_told(world: DeskWorld, told: Sequence[Message], state: OwnershipState) -> None:
    """The changes of owner are a way through the state machine that ends here; who is said to be transferred was."""
    columns = ownership_change.c
    wanted = select(ownership_change).where(columns.conversation_id == HOME.conversation_id)
    changes = _rows(world, wanted.order_by(columns.ownership_epoch))
    now = OwnershipState.BOT
    for place, change in enumerate(changes, start=1):
        assert change.ownership_epoch == place, "no change is missing, and none was made twice"
        assert change.from_state == now
        now = next_state(now, OwnershipEvent(change.event))
        assert change.to_state == now
        assert (change.owner is not None) == (now is OwnershipState.STAFF), "one owns it, or nobody"
    assert now is state
    claims = [
        message for message in told if message.meta.get("requires_escalation") and message.author is Author.SYSTEM
    ]
    transfers = [change for change in changes if change.event == OwnershipEvent.ESCALATE]
    assert len(claims) == len(transfers), "a transfer that is claimed has happened"


def what_was_on_its_way_is_shown(world: DeskWorld, cases: Sequence[Case]) -> None:
    """What the customer got of the agent's while people had the conversation stands in the thread."""
    shown = [post.text for case in cases for post in world.told_staff(case.id)]
    for text in world.heard_with_people:
        assert any(text in one for one in shown), (text, shown)


def only_what_came_is_corrected(world: DeskWorld, told: Sequence[Message]) -> None:
    """Nobody is asked to disregard, or told how to read, what they never got."""
    for message in told:
        if CORRECTS in message.meta:
            assert message.meta[CORRECTS] in world.arrived, message


def tickets_follow(world: DeskWorld, cases: Sequence[Case], home: ConversationKey = HOME) -> None:
    """Each case has one ticket, which is open while the case is."""
    rows = _rows(world, select(ticket).where(ticket.c.conversation_id == home.conversation_id))
    found = {row.case_id: row.status for row in rows if row.case_id}
    assert set(found) == {case.id for case in cases}
    assert len([row for row in rows if row.case_id]) == len(cases)
    for case in cases:
        assert (found[case.id] == TicketStatus.OPEN) == (case.closed_at is None), (case, found)


def merged_cases_lead_to_each_other(world: DeskWorld, cases: Sequence[Case]) -> None:
    """Each ticket of a case that was merged names one that names it as well, and each thread got a line from the other's feed."""
    numbers = [world.do(world.store.card("main", case.id)) for case in cases]
    fields = {str(facts["ticket"]): facts.get("fields") or {} for facts in numbers}
    for number, names in fields.items():
        for other in names:
            assert number in fields[other], (number, other, fields)
    for case, facts in zip(cases, numbers, strict=True):
        if into := facts.get("merged"):
            assert into["ticket"] in fields[str(facts["ticket"])]
            told = {one.meta["earlier"] for one in world.told_staff(case.id) if one.meta.get("post") == "leads_on"}
            back = {one.meta["earlier"] for one in world.told_staff(into["case"]) if one.meta.get("post") == "leads_on"}
            split_off = Case.home(into["case"]) == case.conversation_id
            assert case.id in back
            assert split_off or into["case"] in told


def _rows(world: DeskWorld, statement: Any) -> Sequence[Any]:
    found: Sequence[Any] = world.do(world.store.database.read(lambda connection: connection.execute(statement).all()))
    return found
