"""What an outbox grants to a lane at once, and what the lane has to tell others of."""

from __future__ import annotations

from collections.abc import Iterable

from core.ports.store import Delivery


class ClaimedDeliveries(list[Delivery]):
    """What a claim granted. ``withdrawn``: conversations whose customers see less than before, because it withheld some."""

    def __init__(self, granted: Iterable[Delivery] = (), *, withdrawn: frozenset[str] = frozenset()) -> None:
        super().__init__(granted)
        self.withdrawn = withdrawn
