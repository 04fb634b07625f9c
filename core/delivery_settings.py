"""How long deliveries may take, and how often they are tried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Seconds. ``send_timeout`` is shorter than ``lease``, so that a successor never sends beside a living worker."""

    lease: float = 5.0
    send_timeout: float = 4.0
    poll: float = 0.5
    gather: float = 0.02
    concurrency: int = 64
    give_up_after: float = 86_400.0
    auth_retry: float = 30.0
    retry_first: float = 1.0
    retry_cap: float = 300.0
    pause_cap: float = 3600.0
    sweep: float = 300.0
