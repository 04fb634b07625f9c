"""Why a person is needed, as staff read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.conversation import Escalation
from handoff.texts import say


def reason_in(escalation: Escalation, locale: str | None) -> str:
    """What the hub found itself is said in the staff's language. An agent's own words stay as they are."""
    return worded(escalation.causes, locale) if escalation.causes else escalation.reason


def worded(causes: Mapping[str, Mapping[str, Any]], locale: str | None) -> str:
    """A sentence for each."""
    return " ".join(say(f"why_{cause}", locale, **details) for cause, details in causes.items())
