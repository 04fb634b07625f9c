"""What is known of one try to send, and what the outbox must be told of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.capabilities import Pace
from core.domain.delivery import DeliveryStatus
from core.domain.errors import Unreachable
from core.domain.messages import Receipt, WirePayload
from core.ports.store import Delivery, Settlement


class NotBegun(Unreachable):
    """Nothing (more) was sent, through no fault of the provider's; whoever claims next may send after ``wait`` seconds."""

    def __init__(self, detail: str, *, wait: float = 0.0) -> None:
        super().__init__(detail)
        self.wait = wait


@dataclass
class Attempt:
    """One try at a delivery, as it goes. ``doubt``: the next part may have been sent by an earlier try.

    ``blind``: nobody could say whether an earlier try had arrived, and the decision was taken without knowing.
    ``pause``: seconds the provider asks for. ``granted``: calls of this message that the pace has room for.
    ``sending``: the call that was made last, and ``began`` when. ``authorised``: what was learned of the account's credentials,
    where that is news.
    """

    delivery: Delivery
    deadline: float
    doubt: bool
    blind: bool = False
    pause: float | None = None
    granted: int = 1
    sending: WirePayload | None = None
    began: float = 0.0
    authorised: bool | None = None
    receipts: list[Receipt] = field(default_factory=list)

    def ended(
        self,
        status: DeliveryStatus,
        *,
        error: str | None = None,
        retry_after: float | None = None,
        conversation_pause: float = 0.0,
        counts: bool = True,
    ) -> Settlement:
        """How it ended. Doubt outlives errors that say nothing of the earlier try, also where nobody tries again."""
        return Settlement(
            self.delivery.id,
            self.delivery.token,
            status,
            tuple(self.receipts),
            error=error,
            retry_after=retry_after,
            uncertain=self._is_uncertain(status),
            possible_duplicate=self.blind and (bool(self.receipts) or status != DeliveryStatus.DUE),
            conversation_pause=conversation_pause,
            authorised=self.authorised,
            counts=counts,
        )

    def pause_left(self, pace: Pace | None, now: float) -> float:
        """Of the pause between two messages, which the provider counts from when the last one was sent."""
        if pace is None or (self.delivery.pause_begun and len(self.receipts) == 1):
            return 0.0
        return max(0.0, pace.per_conversation - (now - self.began))

    def _is_uncertain(self, status: DeliveryStatus) -> bool:
        """Whether the next part may have arrived. Of what is withheld it was asked, so that only no answer leaves doubt."""
        if status == DeliveryStatus.WITHHELD:
            return self.blind
        return self.doubt and status != DeliveryStatus.SENT
