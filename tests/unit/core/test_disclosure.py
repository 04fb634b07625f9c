"""What may be used in an answer by mail: only what everybody who gets the answer has got."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.conversation import Conversation, Sharing
from core.domain.disclosure import Reader
from core.domain.messages import COLLEAGUE, SHARED, Author, MessageKind
from core.domain.readers import READERS
from core.ports.store import NewMessage
from core.turn_messages import stamp_message
from tests.contract.responders.world import turn_of

ADA, BOB = "ada@example.com", "bob@example.com"


def mailed(*readers: str) -> dict[str, object]:
    """``meta`` of a mail that Ada and these people got."""
    said = [{"address": one, "name": None, "named_in": "cc", "answered": True} for one in (ADA, *readers)]
    return {READERS: said, **({SHARED: True} if readers else {})}


@pytest.fixture
def home() -> Conversation:
    """A mail thread."""
    return replace(turn_of("Hello").conversation, shared=Sharing.SOMETIMES)


@pytest.mark.parametrize(("readers", "known"), [((), False), ((BOB,), True)])
def test_a_colleagues_mail_is_used_only_where_all_have_got_it(
    readers: tuple[str, ...], known: bool, home: Conversation
) -> None:
    to_both = Reader("c1", in_private=False, addresses=frozenset({ADA, BOB}))
    meta = {**mailed(*readers), SHARED: True, COLLEAGUE: True}
    assert to_both.may_read(home, Author.STAFF, "grace", meta) is known


def test_an_answer_to_one_is_not_used_in_an_answer_to_two(home: Conversation) -> None:
    """Two mails are answered at once, of which only the second went to Bob as well."""
    turn = turn_of("My card number is …", "And Bob asks when it comes.")
    first, second = turn.pending
    pending = (replace(first, meta=mailed()), replace(second, meta=mailed(BOB)))
    customer = replace(turn.customer, verified=True, external_id=ADA)
    turn = replace(turn, pending=pending, customer=customer, conversation=home)
    assert [one["address"] for one in turn.recipients] == [ADA]
    answer = stamp_message(turn, NewMessage(Author.AGENT, "Your card …", MessageKind.ANSWER))
    to_both = Reader(customer.id, in_private=False, addresses=frozenset({ADA, BOB}))
    assert not to_both.may_read(home, Author.AGENT, customer.id, answer.meta)
