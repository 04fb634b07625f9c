"""``switchboard simulate``: a hub, the platforms that it talks to, and a page to write as a customer and as staff."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from api.logging import LogSettings, configure_logging
from config.commands.event_loop import run_async
from config.listening import listening_trouble
from config.sample_company.process import SAMPLE
from config.secret_values import all_secrets
from config.settings import read_settings
from config.simulation.page import SimulationPage
from config.simulation.town import town
from core.domain.errors import ConfigError


def run(port: int) -> None:
    """Returns after SIGINT or SIGTERM. Raises ConfigError where the port is taken."""
    settings = read_settings()
    configure_logging(LogSettings(level="ERROR", format="console"), secrets=all_secrets(settings))
    run_async(_simulate(port, {"openapi_tools": SAMPLE} if settings.has_model else {}))


async def _simulate(port: int, changes: Mapping[str, Any]) -> None:
    stopping = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    click.echo("Reading the documents …", err=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        async with town(Path(folder) / "var", changes) as built:
            page = SimulationPage(built, port)
            try:
                await page.server.start_server()
            except OSError as error:
                trouble = listening_trouble("127.0.0.1", port, error)
                raise ConfigError(f"{trouble.detail}. Choose a free port above 1023 with --port.") from error
            click.echo(f"The simulation is at http://127.0.0.1:{page.server.port}/   (stop it with Ctrl+C)")
            try:
                await stopping.wait()
            finally:
                await page.server.close()
