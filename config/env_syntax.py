"""The grammar of ``.env``: Docker Compose's own, so that one file gives the hub and Compose the same values.

Source: https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax. Here ``$`` is
never replaced. Where Compose reads a value differently, the statement says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SPACE = r"[\t\r \xa0]*"
_BLANK = re.compile(r"[^\S\n]*(?:#[^\n]*)?(?:\n|\Z)")
_NAME = re.compile(
    rf"\s*(?!export{_SPACE}[=:])(?:export[\t\r ]{_SPACE})?(?P<name>[\w.\-\[\]]+){_SPACE}[=:](?P<space>{_SPACE})"
)
_QUOTED = {
    "'": re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL),
    '"': re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL),
}
_LINE = re.compile(r"[^\n]*(?:\n|\Z)")
_COMMENT = re.compile(r"(?<!\s)\s+#.*")
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_ESCAPE = re.compile(r"\\([abfnrtv$\"\\])")
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class EnvStatement:
    """``text`` as it is written, with its line end; ``line`` counts from 1.

    ``name`` is None for comments, empty lines and what sets nothing, which has a ``fault``.
    """

    text: str
    line: int
    name: str | None = None
    value: str = ""
    fault: str | None = None


SETS_NOTHING = "sets nothing"
UNLIKE_COMPOSE = "means something else to Docker Compose"
HOLDS_CONTROL = "holds a control character, so it sets nothing"


def parse_env(text: str) -> Iterator[EnvStatement]:
    """All of the text in order, in linear time; joined again, the statements are the text."""
    position, line = 0, 1
    while position < len(text):
        statement = _statement(text, position, line)
        if _CONTROL.search(statement.text):
            statement = EnvStatement(statement.text, line, fault=HOLDS_CONTROL)
        yield statement
        position += len(statement.text)
        line += statement.text.count("\n")


def _statement(text: str, position: int, line: int) -> EnvStatement:
    if blank := _BLANK.match(text, position):
        return EnvStatement(blank[0], line)
    named = _NAME.match(text, position)
    if named is None:
        return _broken(text, position, line)
    if text.startswith(("'", '"'), named.end()):
        return _quoted(text, position, named, line)
    return _unquoted(text, position, named, line)


def _quoted(text: str, position: int, named: re.Match[str], line: int) -> EnvStatement:
    """Between single quotes only the quote is escaped; behind the closing quote only a comment may stand."""
    mark = text[named.end()]
    quoted = _QUOTED[mark].match(text, named.end())
    rest = _BLANK.match(text, quoted.end()) if quoted else None
    if quoted is None or rest is None:
        return _broken(text, position, line)
    value = _PAIR.sub(lambda pair: mark if pair[1] == mark else pair[0], quoted[1])
    unlike = False
    if mark == '"':
        replaced = value.replace("\\\\", "").replace("\\$", "")
        unlike = "$" in replaced or "\\0" in replaced  # Compose also reads octal numbers
        value = _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), value)
    return _set(text[position : rest.end()], line, named["name"], value, unlike=unlike)


def _unquoted(text: str, position: int, named: re.Match[str], line: int) -> EnvStatement:
    """To Compose a comment begins behind a blank alone, and never where the value would."""
    end = _end_of_line(text, named.end())
    written = text[named.end() : end].rstrip()
    value = "" if named["space"] and written.startswith("#") else _COMMENT.sub("", written).rstrip()
    unlike = "$" in value or value != written.partition(" #")[0].rstrip()
    return _set(text[position:end], line, named["name"], value, unlike=unlike)


def _set(text: str, line: int, name: str, value: str, *, unlike: bool) -> EnvStatement:
    return EnvStatement(text, line, name, value, UNLIKE_COMPOSE if unlike else None)


def _broken(text: str, position: int, line: int) -> EnvStatement:
    return EnvStatement(text[position : _end_of_line(text, position)], line, fault=SETS_NOTHING)


def _end_of_line(text: str, position: int) -> int:
    found = _LINE.match(text, position)
    assert found is not None, "the pattern matches the empty text too"
    return found.end()
