"""The hub under measurement: the real one with a responder that does nothing, so that only the engine is timed.

``python -m bench.subject``: settings from the environment as usual; BENCH_BATCH=1 switches group commit off,
BENCH_WORK=0 leaves what was accepted to others, as a web process does. BENCH_MODEL=1 answers with the model after all. The
platforms' paces hold nothing up.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from dataclasses import replace
from typing import Any

from api.logging import LogSettings, configure_logging
from config.commands.event_loop import run_async
from config.hub import Hub
from config.settings import read_settings
from core.domain.messages import MessageKind
from core.intake import Intake
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState


class Nothing:
    """Answers at once."""

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """The same words each time."""
        return Reply("Noted.", MessageKind.ANSWER, confidence=1.0)


def _nothing(*_parts: Any) -> Nothing:
    return Nothing()


async def _serve() -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    hub = Hub(read_settings(), responder=None if os.environ.get("BENCH_MODEL") else _nothing)
    for channel in hub.channels.values():
        channel.capabilities = replace(channel.capabilities, pace=None)
    batch = int(os.environ.get("BENCH_BATCH", "256"))
    capabilities = {name: channel.capabilities for name, channel in hub.channels.items()}
    hub.intake = Intake(hub.store, hub.wake, hub.metrics, capabilities, max_batch=batch)
    hub.works = os.environ.get("BENCH_WORK", "1") == "1"
    await hub.start()
    gc.freeze()  # as serve does
    await stopping.wait()
    await hub.stop()


if __name__ == "__main__":
    configure_logging(LogSettings(level=os.environ.get("LOG_LEVEL", "warning").upper(), format="json"))
    run_async(_serve())
