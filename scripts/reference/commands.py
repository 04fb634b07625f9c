"""The commands page, from the help texts of the command line."""

from __future__ import annotations

from collections.abc import Iterator

import click

TITLE = "Commands"
_INTRODUCTION = (
    "`switchboard COMMAND --help` says the same. Settings come from the environment: see [settings](settings.md)."
)


def lines() -> Iterator[str]:
    """Each command with its help text, in alphabetical order."""
    from config.cli import main

    assert isinstance(main, click.Group)
    yield _INTRODUCTION
    for name, command in sorted(main.commands.items()):
        context = click.Context(command, info_name=f"switchboard {name}", max_content_width=100, terminal_width=100)
        yield from ["", f"## switchboard {name}", "", "```text", command.get_help(context), "```"]
