"""What the store should hold, said in a few lists: the model beside which the real one is driven."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from core.domain.conversation import OwnershipEvent, OwnershipState, next_state
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author
from core.ports.store import Claim


class DeliveryEvent(StrEnum):
    """What can happen to an outbox row."""

    BEGIN = "begin"
    CONFIRM = "confirm"
    RETRY = "retry"
    GIVE_UP = "give_up"
    WITHHOLD = "withhold"
    REVIVE = "revive"


class IllegalDelivery(Exception):
    """The event does not apply to a row in this status."""


_TRANSITIONS: dict[tuple[DeliveryStatus, DeliveryEvent], DeliveryStatus] = {
    (DeliveryStatus.DUE, DeliveryEvent.BEGIN): DeliveryStatus.SENDING,
    (DeliveryStatus.DUE, DeliveryEvent.WITHHOLD): DeliveryStatus.WITHHELD,
    (DeliveryStatus.DUE, DeliveryEvent.GIVE_UP): DeliveryStatus.DEAD,
    (DeliveryStatus.SENDING, DeliveryEvent.BEGIN): DeliveryStatus.SENDING,
    (DeliveryStatus.SENDING, DeliveryEvent.CONFIRM): DeliveryStatus.SENT,
    (DeliveryStatus.SENDING, DeliveryEvent.RETRY): DeliveryStatus.DUE,
    (DeliveryStatus.SENDING, DeliveryEvent.GIVE_UP): DeliveryStatus.DEAD,
    (DeliveryStatus.SENDING, DeliveryEvent.WITHHOLD): DeliveryStatus.WITHHELD,
    (DeliveryStatus.DEAD, DeliveryEvent.REVIVE): DeliveryStatus.DUE,
}


def next_status(status: DeliveryStatus, event: DeliveryEvent) -> DeliveryStatus:
    """Where ``event`` leads from ``status``. Raises IllegalDelivery."""
    try:
        return _TRANSITIONS[status, event]
    except KeyError:
        raise IllegalDelivery(f"A delivery that is {status} cannot {event.replace('_', ' ')}.") from None


@dataclass
class Said:
    """A customer's message."""

    event: str
    message_id: str
    seq: int
    handled: bool = False


@dataclass
class Row:
    """An outbox row. ``token`` of who may settle it; ``uncertain``: nobody knows whether it arrived."""

    message_id: str
    seq: int
    author: Author
    ownership_epoch: int
    status: DeliveryStatus = DeliveryStatus.DUE
    token: str | None = None
    uncertain: bool = False

    @property
    def never_came(self) -> bool:
        return self.status == DeliveryStatus.WITHHELD or (self.status == DeliveryStatus.DEAD and not self.uncertain)

    @property
    def open(self) -> bool:
        return self.status in (DeliveryStatus.DUE, DeliveryStatus.SENDING)

    def happen(self, event: DeliveryEvent) -> None:
        """Raises IllegalDelivery when the store did what its own state machine forbids."""
        self.status = next_status(self.status, event)


@dataclass
class Thread:
    """A conversation. ``holder`` is the claim that may write; None when nobody's may."""

    name: str
    state: OwnershipState = OwnershipState.BOT
    ownership_epoch: int = 0
    last_seq: int = 0
    said: list[Said] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    holder: Claim | None = None

    @property
    def unhandled(self) -> list[str]:
        return [one.message_id for one in self.said if not one.handled]

    @property
    def remembered(self) -> list[str]:
        """What a turn is told, in its two parts: without what never came, for nobody heard it."""
        heard = {row.seq: row.message_id for row in self.rows if not row.never_came}
        handled = {one.seq: one.message_id for one in self.said if one.handled}
        return [message_id for _, message_id in sorted((heard | handled).items())] + self.unhandled

    def happen(self, event: OwnershipEvent) -> None:
        """A transition: it ends whatever claim there was."""
        self.state = next_state(self.state, event)
        self.ownership_epoch += 1
        self.holder = None

    def reopen(self) -> None:
        """A message came after the end."""
        if self.state == OwnershipState.RESOLVED:
            self.happen(OwnershipEvent.REOPEN_FOR_BOT)

    def speak(self, message_id: str, author: Author) -> None:
        """A message of the hub, to be delivered."""
        self.last_seq += 1
        self.rows.append(Row(message_id, self.last_seq, author, self.ownership_epoch))

    def row(self, message_id: str) -> Row:
        return next(row for row in self.rows if row.message_id == message_id)

    def head(self) -> Row | None:
        """The row that everything behind it waits for."""
        return next((row for row in self.rows if row.open), None)
