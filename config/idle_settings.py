"""Settings without effect: the one that switches their part on is missing, while the operator believes that it is on."""

from __future__ import annotations

from collections.abc import Collection

from config.channels import CREDENTIALS, half_set
from config.settings import Settings
from core.ports.channel import Diagnosis

_PARTS = {
    "model": (
        "OPENAI_API_KEY, OPENAI_BASE_URL or AZURE_OPENAI_ENDPOINT",
        ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"),
        ("OPENAI_MODEL", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_DEPLOYMENT"),
    ),
    "embedding": (
        "EMBEDDING_BASE_URL",
        ("EMBEDDING_BASE_URL",),
        ("EMBEDDING_API_KEY", "EMBEDDING_DIMENSIONS", "EMBEDDING_LIMIT"),
    ),
    "reranker": ("RERANKER_URL", ("RERANKER_URL",), ("RERANKER_API_KEY", "RERANKER_MODEL")),
    "desk": (
        "SLACK_STAFF_CHANNEL",
        ("SLACK_STAFF_CHANNEL",),
        ("SLACK_DESK_BOT_TOKEN", "SLACK_DESK_SIGNING_SECRET", "SLACK_DESK_APP_TOKEN"),
    ),
}
"""By part: the setting to name, those that switch it on, and those that do nothing without them."""


def idle_parts(given: Collection[str]) -> dict[str, Diagnosis]:
    """``given``: names of settings that are not empty, in the environment and in our files."""
    found: dict[str, Diagnosis] = {}
    for name, (wanted, switches, others) in _PARTS.items():
        idle = [one for one in others if one in given]
        if idle and not any(one in given for one in switches):
            found[name] = _missing(wanted, idle, "they have" if len(idle) > 1 else "it has")
    return found


def idle_channels(settings: Settings, names: Collection[str]) -> dict[str, Diagnosis]:
    """Of ``names``, or of all channels."""
    return {
        name: Diagnosis(
            CREDENTIALS[name],
            False,
            f"is missing, so the channel is off, although there is {', '.join(given)}",
            f"Set {CREDENTIALS[name]}, or take {', '.join(given)} out.",
        )
        for name, given in half_set(settings).items()
        if not names or name in names
    }


def _missing(wanted: str, idle: list[str], they_have: str) -> Diagnosis:
    detail = f"{they_have} no effect without {wanted}"
    return Diagnosis(", ".join(idle), False, detail, f"Set {wanted}, or take {', '.join(idle)} out.")
