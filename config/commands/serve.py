"""``switchboard serve``."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from pathlib import Path

import click
import structlog

from api.logging import configure_logging
from config.commands.event_loop import run_async
from config.commands.local import local_commands
from config.hub import Hub, Role
from config.knowledge.knowledge_parts import sample_stands_in
from config.parts import log_settings
from config.processes.data_dir import own_secret
from config.processes.local_socket import LocalSocket
from config.processes.privacy import remove_access_of_others
from config.sample_company.process import demo_settings
from config.secret_values import all_secrets
from config.settings import Settings, read_settings

log = structlog.get_logger(__name__)

_STOPPING = (signal.SIGTERM, signal.SIGINT)
_TRY = 'Open it and ask "How do I reset my password?"'


def run(role: Role, *, host: str | None, port: int | None, watch: bool = False) -> None:
    """Returns after a graceful stop (SIGTERM, SIGINT; a second one meanwhile ends at once, a later one is ignored)."""
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = read_settings(**given, **({"knowledge_watch": True} if watch else {}))
    configure_logging(log_settings(settings, terminal=sys.stderr.isatty()), secrets=_secrets(settings))
    remove_access_of_others(settings.data_dir)
    run_async(_serve_demo(settings) if role == "all" else _serve(settings, role))


def _secrets(settings: Settings) -> tuple[str, ...]:
    """Those of the settings, and those that the hub made for itself."""
    made = ["operator_token"] if settings.secret_key is not None else ["operator_token", "secret_key"]
    return (*all_secrets(settings), *(own_secret(settings.data_dir, name) for name in made))


async def _serve_demo(given: Settings) -> None:
    async with demo_settings(given) as settings:
        await _serve(settings, "all")


async def _serve(settings: Settings, role: Role) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in _STOPPING:
        loop.add_signal_handler(name, _on_signal, stopping)
    hub = Hub(settings, role)
    socket = LocalSocket(settings.data_dir, local_commands(hub)) if hub.embedded else None
    try:
        await hub.start()
        if socket is not None:
            await socket.start()
        gc.freeze()  # Python would look through all modules again and again while it serves, and before it ends
        _announce(hub)
        await stopping.wait()
        log.info("hub.stopping")
    finally:
        if socket is not None:
            await socket.stop()
        await hub.stop()
    for name in _STOPPING:
        loop.remove_signal_handler(name)
        signal.signal(name, signal.SIG_IGN)
    log.info("hub.stopped")


def _on_signal(stopping: asyncio.Event) -> None:
    if stopping.is_set():
        raise SystemExit(1)
    stopping.set()


def _announce(hub: Hub) -> None:
    shown = "localhost" if hub.settings.host in ("127.0.0.1", "0.0.0.0", "::") else hub.settings.host  # noqa: S104
    address = f"http://{shown}:{hub.port}/"
    log.info("hub.started", role=hub.role, address=address, model=hub.settings.has_model)
    if hub.serves and sys.stdout.isatty():
        ask = _TRY if sample_stands_in(hub.settings) is not None else "Open it and ask"
        click.echo(f"\n  Switchboard is at {address}   (stop it with Ctrl+C)")
        click.echo(f"  {ask}, or in another terminal: {_command()} chat\n")


def _command() -> str:
    """As whoever started this one wrote it."""
    return sys.argv[0] if Path(sys.argv[0]).name == "switchboard" else "switchboard"
