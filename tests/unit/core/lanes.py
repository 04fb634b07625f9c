"""A delivery service at work on a store, and its first outbox row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.delivery import DeliverySettings
from core.domain.delivery import DeliveryStatus
from tests.unit.core.eventually import eventually

FAST = DeliverySettings(poll=0.005, auth_retry=0.02, retry_first=1.0)
Running = Callable[..., Any]


async def status_of(row: Callable[[], Any], status: DeliveryStatus, attempts: int = 1) -> Any:
    """The row, once it was settled so after that many tries."""
    found: list[Any] = []

    async def there() -> bool:
        found[:] = [await row()]
        tried = found[0].attempts >= attempts and found[0].token is None
        return bool(found[0].status == status and tried)

    await eventually(there)
    return found[0]
