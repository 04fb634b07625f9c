"""Shows what customers wrote at a terminal."""

from __future__ import annotations

import click


def echo_line(text: str) -> None:
    """One line, see ``printable``."""
    click.echo(printable(text))


def printable(text: str) -> str:
    """Characters that are not shown become spaces: among them are those that control a terminal (ECMA-48)."""
    return "".join(mark if mark.isprintable() else " " for mark in text)
