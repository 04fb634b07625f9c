"""The commands page, from the help texts of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from config.cli import main

TITLE = "Commands"
_INTRODUCTION = (
    "`switchboard COMMAND --help` says the same. Settings come from the environment: see [settings](settings.md)."
)


def lines() -> Iterator[str]:
    """Each command with its help text, in alphabetical order."""
    yield _INTRODUCTION
    yield from _below(click.Context(main, info_name="switchboard", max_content_width=100, terminal_width=100), main)


def _below(context: click.Context, group: click.Group) -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        inner = click.Context(command, info_name=name, parent=context, **_inherited(context))
        if isinstance(command, click.Group):
            yield from _below(inner, command)
        else:
            yield from ["", f"## {inner.command_path}", "", "```text", command.get_help(inner), "```"]


def _inherited(context: click.Context) -> dict[str, Any]:
    names = main.context_settings.get("help_option_names", context.help_option_names)
    return {"help_option_names": names, "terminal_width": 100, "max_content_width": 100}
