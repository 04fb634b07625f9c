"""The commands that staff may write into a reply by mail. Pure.

A command counts only alone in the first line, and a note only where its sign begins the reply. A line that looks like one of
them but stands elsewhere, is misspelt, or has words behind the command may be for staff only, so the reply is not passed on.
"""

from __future__ import annotations

import re
import unicodedata
from difflib import get_close_matches
from typing import Final

from core.domain.messages import StaffAction

COMMANDS: Final = {
    "take": StaffAction.TAKE_OVER,
    "bot": StaffAction.HAND_BACK,
    "resolve": StaffAction.RESOLVE,
}
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_MARKS: Final = " *_`'\"“”„«»•·>-–—|[]()"
"""What mail programs put around a line: list marks, quotes and what bold text becomes in plain text."""
_COMMAND: Final = re.compile(r"[/\\]\s?([^\W\d_]+)(?=[\s.!,;:]|$)[.!,;:\s]*(.*)", re.DOTALL)
_LONGEST: Final = 200
_SIMILAR: Final = 0.7


class UnclearCommand(ValueError):
    """A line that may be a command and cannot be carried out as one."""


def read_commands(text: str, note_sign: str) -> tuple[StaffAction | None, str]:
    """The command in the first line, and the words below it: for the customer, or a note. Raises UnclearCommand."""
    first, _, rest = _trimmed(text).partition("\n")
    action = COMMANDS.get(_visible(first).removeprefix("/").lower()) if _visible(first).startswith("/") else None
    words = _trimmed(rest if action is not None else text)
    is_note = words.startswith(note_sign)
    lines = [_visible(line) for line in words.split("\n")]
    if any(_looks_like_command(line) or (_looks_like_note(line, note_sign) and not is_note) for line in lines):
        raise UnclearCommand
    return action, words


def _looks_like_note(line: str, note_sign: str) -> bool:
    sign = _visible(note_sign)
    return line.startswith(sign) or line.strip(_MARKS).startswith(sign)


def _looks_like_command(line: str) -> bool:
    found = _COMMAND.fullmatch(line.strip(_MARKS))
    if found is None:
        return False
    word, behind = found[1].lower(), found[2]
    return not behind or bool(get_close_matches(word, COMMANDS, n=1, cutoff=_SIMILAR))


def _trimmed(text: str) -> str:
    """Without empty lines, spaces and invisible characters around it."""
    first, last = 0, len(text)
    while first < last and unicodedata.category(text[first]) in _INVISIBLE:
        first += 1
    while last > first and unicodedata.category(text[last - 1]) in _INVISIBLE:
        last -= 1
    return text[first:last]


def _visible(line: str) -> str:
    """The beginning of a line as a reader sees it: wide forms as plain letters, invisible characters left out."""
    plain = unicodedata.normalize("NFKC", line[:_LONGEST])
    return "".join(" " if one.isspace() else one for one in plain if not _is_hidden(one)).strip()


def _is_hidden(one: str) -> bool:
    return not one.isspace() and unicodedata.category(one) in _INVISIBLE
