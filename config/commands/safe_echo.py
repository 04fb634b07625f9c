"""Shows what customers wrote at a terminal."""

from __future__ import annotations

import click


def echo_line(text: str) -> None:
    """One line. Signs that are not shown become spaces: among them are those by which a terminal is steered (ECMA-48)."""
    click.echo("".join(mark if mark.isprintable() else " " for mark in text))
