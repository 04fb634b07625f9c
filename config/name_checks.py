"""Finds misspelt settings. The environment is full of other programs' variables, so only near misses of our names are told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from core.ports.channel import Diagnosis

_OURS: Final = (
    *("SLACK_", "TELEGRAM_", "TWILIO_", "EMAIL_", "WIDGET_", "DESK_", "KNOWLEDGE_", "EMBEDDING_", "RERANKER_"),
    *("OPENAI_", "AZURE_OPENAI_", "AGENT_", "FEATURE_", "FOLLOW_UP_", "STAFF_"),
)
"""Names that begin so are meant for this hub more often than not, so that a smaller likeness is enough."""
_FOREIGN: Final = frozenset(
    {
        *(
            "SLACK_API_TOKEN",
            "SLACK_TOKEN",
            "SLACK_WEBHOOK_URL",
            "SLACK_CHANNEL",
            "TWILIO_API_KEY",
            "TWILIO_API_SECRET",
        ),
        *("OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT", "OPENAI_PROJECT_ID", "EMAIL_HOST", "EMAIL_PORT"),
    }
)
"""Names that other programs read and that resemble ours."""
_LIKE_IN_FILE, _LIKE_OURS, _LIKE = 0.82, 0.86, 0.92
_SHORTEST = 8
"""Letters: shorter names resemble each other by chance."""


def check_names(environment: Iterable[str], written: Iterable[str], known: Iterable[str]) -> list[Diagnosis]:
    """``written``: names in our own ``.env``. ``known``: all settings. One diagnosis for each name that resembles one."""
    settings, ours = frozenset(known), frozenset(name.upper() for name in written)
    given = frozenset(name.upper() for name in environment) | ours
    found = {name: _meant(name, settings, in_file=name in ours) for name in sorted(given - settings - _FOREIGN)}
    return [_misnamed_setting(name, meant) for name, meant in found.items() if meant is not None and meant not in given]


def _meant(name: str, known: frozenset[str], *, in_file: bool) -> str | None:
    if len(name) < _SHORTEST:
        return None
    least = _LIKE_IN_FILE if in_file else _LIKE_OURS if name.startswith(_OURS) else _LIKE
    return next(iter(difflib.get_close_matches(name, sorted(known), 1, least)), None)


def _misnamed_setting(name: str, meant: str) -> Diagnosis:
    return Diagnosis(
        name, False, "is no setting, so it has no effect", f"Did you mean {meant}? Rename it, or take it out."
    )
