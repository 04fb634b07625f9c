"""How long tests wait for what has to happen."""

from __future__ import annotations

PATIENCE = 120.0
"""Seconds. Only what never comes is waited for so long, so that it costs nothing on a fast machine."""
