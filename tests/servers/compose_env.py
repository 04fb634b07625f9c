"""What Docker Compose reads from an ``env_file``: a second, literal reading of its grammar, to hold ours against.

Sources: https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax and the package
``dotenv`` of https://github.com/compose-spec/compose-go.
"""

from __future__ import annotations

import re
import unicodedata

_INNER = "\t\v\f\r \x85\xa0"
_REPLACED = re.compile(r"\$(?:(?P<dollar>\$)|(?P<bare>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)\}|(?P<wrong>))", re.ASCII)
_LETTERS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


class ComposeRefuses(Exception):
    """The whole file is refused."""


def compose_env(text: str) -> dict[str, str | None]:
    """None for a name without a value, which Compose takes from the shell."""
    found: dict[str, str | None] = {}
    rest = _next(text.removeprefix("\ufeff"))
    while rest:
        name, alone, rest = _name(rest)
        if alone:
            found[name] = None
        else:
            found[name], rest = _value(rest, found)
        rest = _next(rest)
    return found


def _is_space(sign: str) -> bool:
    return sign in "\t\n\v\f\r \x85\xa0" or unicodedata.category(sign).startswith("Z")


def _next(text: str) -> str:
    """Without blanks, empty lines and comments in front."""
    at = 0
    while at < len(text):
        if text[at] == "#":
            at = text.find("\n", at)
            if at < 0:
                return ""
        elif not _is_space(text[at]):
            return text[at:]
        at += 1
    return ""


def _name(text: str) -> tuple[str, bool, str]:
    if re.match(r"export[\t\n\f\r ]+", text):
        text = text.removeprefix("export").lstrip(_INNER)
    for at, sign in enumerate(text):
        if sign in _INNER:
            continue
        if sign in "=:\n":
            name = text[:at].rstrip()
            if " " in name:
                raise ComposeRefuses("a name holds a blank")
            return name, sign == "\n", text[at + 1 :].lstrip(_INNER)
        if sign not in "_.-[]" and unicodedata.category(sign)[0] not in "LN":
            raise ComposeRefuses(f"{sign!r} in a name")
    return "", False, text


def _value(text: str, known: dict[str, str | None]) -> tuple[str, str]:
    if text[:1] not in ("'", '"') or not text:
        line, _, rest = text.partition("\n")
        kept = line.partition(" #")[0]
        while kept and _is_space(kept[-1]):
            kept = kept[:-1]
        return _expanded(kept, known), rest
    quote, read, at = text[0], "", 1
    while at < len(text):
        sign = text[at]
        if sign == quote:
            return (read if quote == "'" else _expanded(_escapes(read), known)), text[at + 1 :]
        if sign == "\\" and at + 1 < len(text):
            read += quote if text[at + 1] == quote else text[at : at + 2]
            at += 2
            continue
        read += sign
        at += 1
    raise ComposeRefuses("a quote is not closed")


def _escapes(text: str) -> str:
    def sign(found: re.Match[str]) -> str:
        octal, letter = found["octal"], found["letter"]
        if octal is not None:
            return chr(int(octal, 8)) if re.fullmatch("[0-3][0-7][0-7]", octal) else f"\\{octal}"
        return "$$" if letter == "$" else _LETTERS.get(letter, letter)

    return re.sub(r"\\(?:0(?P<octal>[0-9]{0,3})|(?P<letter>[abfnrtv$\"\\]))", sign, text)


def _expanded(text: str, known: dict[str, str | None]) -> str:
    def replace(found: re.Match[str]) -> str:
        if found["dollar"]:
            return "$"
        if found["wrong"] is not None:
            raise ComposeRefuses("a $ that names nothing")
        return known.get(found["bare"] or found["name"]) or ""

    return _REPLACED.sub(replace, text)
