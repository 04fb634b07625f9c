"""How long a server asks to be left alone (RFC 9110, 10.2.3)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds, from a number of them or from a date; ``now`` in seconds of the epoch. None for none, or for nonsense."""
    if header is None:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except (ValueError, OverflowError):
        return None
