"""``switchboard init``: asks five questions, writes ``.env`` and looks whether it works."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import click

from config.commands.init_questions import ask_all
from config.commands.prompts import Answers, Prompts, Questions, is_terminal
from config.env_file import read_env_file, update_env_file
from config.settings import ENV_FILE

_COMPOSE = ("POSTGRES_PASSWORD", "GRAFANA_PASSWORD")
"""Passwords that deploy/compose.yaml asks for, and nobody has to remember."""


def run(*, yes: bool) -> int:
    """0 when all that was set works (see ``doctor``), 1 otherwise. ``yes``: answer every question with what is set, or the
    default. Without a terminal the answers are the lines of the standard input."""
    path = Path(ENV_FILE)
    former = read_env_file(path)
    questions: Questions = Prompts(former) if is_terminal() and not yes else Answers(former, silent=yes)
    try:
        if path.exists() and not yes:
            _confirm(questions, path)
        values = ask_all(questions)
    except (click.Abort, KeyboardInterrupt, EOFError):
        click.echo("\nNothing was written.", err=True)
        raise click.Abort from None
    data_dir = os.environ.get("DATA_DIR") or former.get("DATA_DIR") or "var"
    update_env_file(path, {**values, **_secrets(former, Path(data_dir))})
    click.echo(f"{path} is written, for your account alone. switchboard serve reads it in this folder.")
    _tell_what_wins(values)
    from config.commands.doctor import run as examine

    return examine(())


def _confirm(questions: Questions, path: Path) -> None:
    text = f"{path} is there already. Change it? Settings that are not asked about stay (y/n)"
    if questions.ask(text, "n").lower() not in ("y", "yes"):
        raise click.Abort


def _secrets(former: Mapping[str, str], data_dir: Path) -> dict[str, str]:
    """What several processes need, made once. A hub that has run keeps the key that it made, or its sessions would end."""
    made = {name: secrets.token_hex(32) for name in _COMPOSE if not former.get(name)}
    if former.get("SECRET_KEY"):
        return made
    own = data_dir / "secret_key"
    return {"SECRET_KEY": own.read_text().strip() if own.is_file() else secrets.token_hex(32), **made}


def _tell_what_wins(values: Mapping[str, str]) -> None:
    for name, value in values.items():
        if os.environ.get(name) not in (None, "", value):
            click.echo(f"{name} of the environment differs, and wins over {ENV_FILE}.", err=True)
