"""``switchboard migrate``."""

from __future__ import annotations

import click

from config.commands.event_loop import run_async
from config.settings import read_settings
from core.storage.migrate import migrate
from core.storage.revisions import newest_revision


def run() -> None:
    """Raises StoreUnavailable when the database cannot be reached."""
    run_async(migrate(read_settings().effective_database_url))
    click.echo(f"The database is at revision {newest_revision()}.")
