"""Ids for rows: random, but growing with time, so that indexes stay compact."""

from __future__ import annotations

import secrets
import time


def new_id() -> str:
    """32 hex digits: 48 bits of milliseconds, 80 random bits."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
