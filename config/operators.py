"""Who may use the operator routes of a hub with these settings."""

from __future__ import annotations

from api.operator_access import OperatorAccess
from config.processes.data_dir import own_secret
from config.settings import Settings


def operator_access(settings: Settings) -> OperatorAccess:
    """Where a proxy may stand in front, what comes from loopback proves nothing: a token in DATA_DIR does."""
    if not (settings.public_url or settings.trusted_proxies):
        return OperatorAccess()
    return OperatorAccess(token=own_secret(settings.data_dir, "operator_token"))
