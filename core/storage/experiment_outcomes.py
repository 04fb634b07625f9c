"""What came of experiments: counted by customers, because it is customers who are in one arm or another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from core.domain.choices import CLARIFY
from core.domain.conversation import OwnershipEvent
from core.domain.experiments import EXPERIMENT_META, ArmOutcome
from core.domain.messages import Audience, Author, MessageKind
from core.storage import codec
from core.storage.among import among
from core.storage.database import OnDatabase, reads
from core.storage.desk_tables import rating
from core.storage.tables import conversation, feedback, message, ownership_change

_PAGE = 1_000
_GOOD = 4
_MARKED = (
    select(
        *message.c["id", "conversation_id", "kind", "meta", "created_at"],
        func.coalesce(message.c.customer_id, conversation.c.customer_id).label("customer_id"),
        feedback.c.rating,
    )
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .outerjoin(feedback, feedback.c.message_id == message.c.id)
    .where(
        message.c.id > bindparam("after"),
        message.c.author != Author.CUSTOMER,
        message.c.meta.like(f'%"{EXPERIMENT_META}":%'),
        conversation.c.audience == Audience.CUSTOMER,
    )
    .order_by(message.c.id)
    .limit(_PAGE)
)
_ESCALATED = select(ownership_change.c.conversation_id, ownership_change.c.created_at).where(
    ownership_change.c.event == OwnershipEvent.ESCALATE, among(ownership_change.c.conversation_id, "ids")
)
_RATED = select(rating.c.conversation_id, rating.c.created_at, rating.c.score).where(
    among(rating.c.conversation_id, "ids")
)


@dataclass(slots=True)
class _Customer:
    """One customer in one experiment. ``since``: by conversation, when the first message of the experiment was written."""

    arms: set[str] = field(default_factory=set)
    since: dict[str, float] = field(default_factory=dict)
    answered: bool = False
    escalated: bool = False
    thumbs: set[str] = field(default_factory=set)
    scores: list[int] = field(default_factory=list)

    def add(self, row: Any, arm: str, intent: object) -> None:
        """Take in one of the agent's messages."""
        self.arms.add(arm)
        self.since[row.conversation_id] = min(row.created_at, self.since.get(row.conversation_id, row.created_at))
        self.answered = self.answered or (row.kind == MessageKind.ANSWER and intent != CLARIFY)
        if row.rating:
            self.thumbs.add(row.rating)


class SqlExperiments(OnDatabase):
    """What came of experiments."""

    @reads
    def experiment_outcomes(self, connection: Connection) -> Sequence[ArmOutcome]:
        """Each arm that answered anybody. Whoever was in two arms of an experiment, which was changed meanwhile, is in none."""
        customers: dict[tuple[str, str], _Customer] = {}
        for row, meta in _marked(connection):
            match meta.get(EXPERIMENT_META):
                case {"name": str(name), "arm": str(arm)}:
                    customers.setdefault((name, row.customer_id), _Customer()).add(row, arm, meta.get("intent"))
        _add_results(connection, customers.values())
        counts: dict[tuple[str, str], list[_Customer]] = {}
        for (name, _), customer in customers.items():
            if len(customer.arms) == 1:
                counts.setdefault((name, min(customer.arms)), []).append(customer)
        return [_outcome(name, arm, found) for (name, arm), found in sorted(counts.items())]


def _marked(connection: Connection) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """The messages of experiments with their ``meta``, page by page, because they may be many."""
    after = ""
    while rows := connection.execute(_MARKED, {"after": after}).all():
        for row in rows:
            with suppress(ValueError):  # a message that cannot be read is told of elsewhere
                yield row, codec.load(row.meta)
        after = rows[-1].id


def _add_results(connection: Connection, customers: Iterable[_Customer]) -> None:
    """What came behind the first message of the experiment in each conversation."""
    by_conversation: dict[str, list[_Customer]] = {}
    for customer in customers:
        for conversation_id in customer.since:
            by_conversation.setdefault(conversation_id, []).append(customer)
    ids = iter(by_conversation)
    while page := list(islice(ids, _PAGE)):
        for row in connection.execute(_ESCALATED, {"ids": page}):
            for customer in by_conversation[row.conversation_id]:
                customer.escalated |= row.created_at >= customer.since[row.conversation_id]
        for rated in connection.execute(_RATED, {"ids": page}):
            for customer in by_conversation[rated.conversation_id]:
                if rated.created_at >= customer.since[rated.conversation_id]:
                    customer.scores.append(rated.score)


def _outcome(name: str, arm: str, customers: Sequence[_Customer]) -> ArmOutcome:
    return ArmOutcome(
        name,
        arm,
        customers=len(customers),
        answered=sum(one.answered and not one.escalated for one in customers),
        escalated=sum(one.escalated for one in customers),
        thumbs=sum(bool(one.thumbs) for one in customers),
        thumbs_up=sum(one.thumbs == {"up"} for one in customers),
        ratings=sum(bool(one.scores) for one in customers),
        content=sum(bool(one.scores) and min(one.scores) >= _GOOD for one in customers),
    )
