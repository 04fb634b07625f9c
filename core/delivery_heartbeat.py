"""Renews the leases of sends that take longer than one: a large file, a mail server that looks at what it is given."""

from __future__ import annotations

import asyncio

import structlog

from core.domain.errors import StoreUnavailable
from core.ports.store import Delivery, Outbox

log = structlog.get_logger(__name__)


class DeliveryHeartbeat:
    """A worker that is killed is still replaced within one lease, however long its send would have taken."""

    def __init__(self, outbox: Outbox, lease: float) -> None:
        self._outbox = outbox
        self._lease = lease
        self._sending: dict[str, tuple[str, asyncio.Task[None]]] = {}

    def begun(self, delivery: Delivery, task: asyncio.Task[None]) -> None:
        """From now on its lease is renewed; until ``task`` is done."""
        self._sending[delivery.id] = (delivery.token, task)
        task.add_done_callback(lambda finished: self._ended(delivery.id, finished))

    async def run(self) -> None:
        """Until cancelled. A send whose lease was lost is another's now: it is cut off, in doubt."""
        while True:
            await asyncio.sleep(self._lease / 3)
            held = {key: token for key, (token, _) in self._sending.items()}
            if not held:
                continue
            try:
                kept = await self._outbox.extend_deliveries(held, self._lease)
            except StoreUnavailable as error:
                log.warning("delivery.not_renewed", error=error.detail)
                continue
            except Exception:
                log.exception("delivery.not_renewed")
                continue
            for key in held.keys() - kept:
                token, task = self._sending.get(key, ("", None))
                if task is not None and token == held[key] and not task.done():
                    log.warning("delivery.lost", delivery=key)
                    task.cancel()

    def _ended(self, delivery_id: str, finished: asyncio.Task[None]) -> None:
        if self._sending.get(delivery_id, ("", None))[1] is finished:
            del self._sending[delivery_id]
