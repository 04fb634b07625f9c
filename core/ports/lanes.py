"""What lanes are given to send: by a claim, or by the commit of turns of their own process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.capabilities import Pace
from core.domain.messages import OutboundMessage
from core.ports.event_log import LogFrame, LoggedFrame
from core.ports.outcomes import Finished


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outbox row claimed for sending. ``parts_done`` payloads were sent before; ``uncertain``: the next may have been.

    ``owner_changed``: it is the agent's, an earlier try may have sent it, and somebody else speaks now. So nothing more of it
    may be sent; it is only to be found out what arrived. ``sendable_since``: from when on it could have been sent; while its
    lane's credentials were refused, it could not. ``lane_paused``: they were, when somebody last tried.
    ``died_again``: it was about to be sent a second time without knowing of the first, and whoever did it died.
    ``pause_begun``: the pause before the conversation's next message is counted already.
    """

    id: str
    conversation_id: str
    message: OutboundMessage
    attempt: int
    token: str
    parts_done: int = 0
    uncertain: bool = False
    sendable_since: datetime | None = None
    lane_paused: bool = False
    owner_changed: bool = False
    died_again: bool = False
    pause_begun: bool = False


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """What ``/health/channels`` shows of a lane."""

    channel: str
    account: str
    paused: str | None


@dataclass(frozen=True, slots=True)
class LaneOffer:
    """A lane of this process can begin to send ``room`` messages, each under a lease of ``lease`` seconds.

    ``pace``: what its account has to keep, if anything. ``deadline``: when sending must have ended, by the process's clock.
    ``frames``: where the channel's customers read the event log, what a message with the delivery of this id appends to it;
    nothing where one commit cannot hold it. What is appended by the commit of the turn is sent by it.
    """

    channel: str
    account: str
    room: int
    lease: float
    deadline: float
    pace: Pace | None = None
    frames: Callable[[OutboundMessage, str], Sequence[LogFrame]] | None = None


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """A delivery that the commit of its turn has sent, by appending these frames to the event log."""

    delivery: Delivery
    frames: Sequence[LoggedFrame]


class FinishedTurns(list[Finished]):
    """What a commit of turns did. ``taken``: deliveries that it marked ``sending`` for lanes that were offered to it.

    ``logged``: those that it sent. ``waiting``: others are left in the outbox, for lanes to claim.
    """

    def __init__(
        self,
        finished: Iterable[Finished],
        taken: Sequence[Delivery] = (),
        *,
        logged: Sequence[LoggedDelivery] = (),
        waiting: bool = True,
    ) -> None:
        super().__init__(finished)
        self.taken = taken
        self.logged = logged
        self.waiting = waiting


class ClaimedDeliveries(list[Delivery]):
    """What a claim granted. ``withdrawn``: conversations whose customers see less than before, because it withheld some.

    ``pauses``: seconds until conversations that had a message just now may have the next one, which the claim found waiting.
    ``wait``: seconds until the lane's pace grants the next one, where it granted none of those that are due.
    """

    def __init__(
        self,
        granted: Iterable[Delivery] = (),
        *,
        withdrawn: frozenset[str] = frozenset(),
        pauses: Iterable[float] = (),
        wait: float = 0.0,
    ) -> None:
        super().__init__(granted)
        self.withdrawn = withdrawn
        self.pauses = tuple(pauses)
        self.wait = wait
