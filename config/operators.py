"""Who may use the operator routes of a hub with these settings."""

from __future__ import annotations

from api.operator_access import OperatorAccess
from config.processes.data_dir import own_secret
from config.settings import Settings
from core.ports.metrics import Metrics


def operator_access(settings: Settings, metrics: Metrics) -> OperatorAccess:
    """The token is made at the first start, in ``DATA_DIR/operator_token`` (0600)."""
    return OperatorAccess(own_secret(settings.data_dir, "operator_token"), metrics=metrics)
