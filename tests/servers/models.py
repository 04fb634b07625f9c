"""Where the tests keep the embedding model that was made ready: once for all hubs, and for the next run as well."""

from __future__ import annotations

from tests.servers.programs import ROOT

MODELS = ROOT / "tests" / ".artifacts" / "models"
