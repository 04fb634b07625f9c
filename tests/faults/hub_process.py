"""``python -m tests.faults.hub_process serve``: the hub's own command, with a store that follows a plan put in where the hub is
composed, and a scripted responder unless the product's own agent is to answer. Everything else is the product as it is."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from sqlalchemy import literal

from config import cli, hub, parts
from config.commands import serve
from config.hub import Hub
from config.settings import Settings
from core.ports.clock import Clock
from core.storage import turns
from tests.faults.faulty_store import FaultyStore
from tests.faults.points import AGENT_VARIABLE, GIVES_UP_VARIABLE, HOLD_VARIABLE, LIMIT_VARIABLE, PLAN_VARIABLE, Faults
from tests.faults.scripted import make_scripted


def main() -> None:
    """Compose, then do what the command line says."""
    faults = Faults.read(Path(os.environ[PLAN_VARIABLE]))
    limit, hold = Path(os.environ[LIMIT_VARIABLE]), Path(os.environ[HOLD_VARIABLE])

    def make_store(settings: Settings, clock: Clock) -> FaultyStore:
        return FaultyStore(settings.effective_database_url, clock, faults, limit, stall=settings.lease_seconds)

    parts.make_store = make_store
    if GIVES_UP_VARIABLE not in os.environ:  # a turn stands beside many kills here, and is to be answered, and soon
        vars(turns)["_pause"] = lambda losses: literal(0)
        vars(hub)["DispatcherSettings"] = functools.partial(hub.DispatcherSettings, max_losses=1_000)
    if AGENT_VARIABLE not in os.environ:
        vars(serve)["Hub"] = functools.partial(Hub, responder=make_scripted(faults, hold))
    cli.main()


if __name__ == "__main__":
    main()
