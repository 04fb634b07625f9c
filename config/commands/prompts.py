"""How a command asks: a person at a terminal, or lines that a program writes to the standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Protocol

import click

Check = Callable[[str], str | None]
"""What is wrong with an answer, None when nothing is."""


def is_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def right(_answer: str) -> None:
    """Takes every answer."""


class Questions(Protocol):
    """``former``: what is set now, by the names of settings."""

    former: Mapping[str, str]

    def ask(self, text: str, default: str = "", *, check: Check = right) -> str:
        """The answer, without spaces around it; ``default`` where it is empty."""

    def ask_secret(self, text: str, default: str = "") -> str:
        """The same, without showing it."""

    def tell(self, text: str) -> None:
        """What the person has to know of an answer."""


class Prompts:
    """Asks at the terminal, again after an answer that does not do. Raises click.Abort for Ctrl-C and the end of input."""

    def __init__(self, former: Mapping[str, str]) -> None:
        self.former = former

    def ask(self, text: str, default: str = "", *, check: Check = right) -> str:
        while True:
            shown = f" [{default}]" if default else ""
            answer = click.prompt(f"{text}{shown}", default=default, show_default=False).strip()
            trouble = _trouble(answer, check)
            if trouble is None:
                return str(answer)
            click.echo(f"  {trouble}")

    def ask_secret(self, text: str, default: str = "") -> str:
        while True:
            shown = " [as it is]" if default else ""
            prompt = f"{text}, not shown{shown}"
            answer = click.prompt(prompt, default=default, show_default=False, hide_input=True).strip()
            trouble = _trouble(answer, right)
            if trouble is None:
                return str(answer)
            click.echo(f"  {trouble}")

    def tell(self, text: str) -> None:
        click.echo(f"  {text}")


class Answers:
    """One line of the standard input for each question, empty for what is set or the default, also after the last line.

    ``silent`` reads none. An answer that does not do is an error: nobody could be asked again.
    """

    def __init__(self, former: Mapping[str, str], *, silent: bool) -> None:
        self.former = former
        self._silent = silent

    def ask(self, text: str, default: str = "", *, check: Check = right) -> str:
        line = "" if self._silent or sys.stdin is None else sys.stdin.readline()
        answer = line.strip() or default
        trouble = _trouble(answer, check)
        if trouble is not None:
            raise click.UsageError(f"{text}: {trouble} Nothing was written.")
        return answer

    def ask_secret(self, text: str, default: str = "") -> str:
        return self.ask(text, default)

    def tell(self, text: str) -> None:
        click.echo(text, err=True)


def _trouble(answer: str, check: Check) -> str | None:
    if not answer.isprintable():
        return "That holds signs that are no text."
    return check(answer)
