"""Our ``.env``: changes the settings that it is told, keeps all else as it is written, and is never half written."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from config.env_syntax import EnvStatement, parse_env
from core.domain.errors import ConfigError

_LARGEST = 1024 * 1024
_PLAIN = re.compile(r"[\w./:@,+=~%-]*", re.ASCII)
_BACKSLASHES = re.compile(r"(?![\"'])[^\s$#\0]*")
"""What may stand without quotes; python-dotenv and Compose read pairs of backslashes differently between single quotes."""
_ESCAPING_QUOTE = re.compile(r"\\(?:'|\Z)")


def read_env_file(path: Path) -> dict[str, str]:
    """What it sets, in the order of the lines that do; empty where there is none. Raises ConfigError where it cannot be read."""
    values: dict[str, str] = {}
    for one in parse_env(_text(path)):
        if one.name is not None:
            values.pop(one.name, None)
            values[one.name] = one.value
    return values


def faults_of_env_file(path: Path) -> list[EnvStatement]:
    """Statements with a fault. Their text may be secret."""
    return [one for one in parse_env(_text(path)) if one.fault is not None]


def lines_without_effect(path: Path) -> dict[str, list[int]]:
    """By setting, lines that a later one sets again, with that one as the last. The hub knows names in any case."""
    lines: dict[str, list[int]] = {}
    for one in parse_env(_text(path)):
        if one.name is not None:
            lines.setdefault(one.name.upper(), []).append(one.line)
    return {name: found for name, found in lines.items() if len(found) > 1}


def update_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Sets ``values``, with 0600. A reader sees the former file or the new one; an interruption leaves the former."""
    place = path.resolve()  # a link stays one
    text = with_values(_text(place), values)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".env-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text with each of ``values`` in the place where it was set, or else at the end; comments and other names stay."""
    lines: list[str] = []
    found: set[str] = set()
    for statement in parse_env(text):
        written = statement.text
        if statement.name is not None and statement.name in values:
            found.add(statement.name)
            space = written[: len(written) - len(written.lstrip())]
            written = f"{space}{_line(statement.name, values[statement.name])}"
        lines.append(written)
    kept = "".join(lines)
    added = "".join(_line(name, value) for name, value in values.items() if name not in found)
    return kept + ("" if not kept or kept.endswith("\n") else "\n") + added


def _text(path: Path) -> str:
    """Without a byte order mark; line ends as they are written."""
    try:
        with path.open("rb") as file:
            written = file.read(_LARGEST + 1)
        if len(written) > _LARGEST:
            raise ConfigError(f"{path} is larger than {_LARGEST // 1024} KiB: it holds settings alone, one a line.")
        return written.decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except IsADirectoryError as error:
        raise ConfigError(f"{path} is a folder, and no file: move it away.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8: save it as such, or move it away.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error


def _line(name: str, value: str) -> str:
    """In a form that Compose reads as we do, and python-dotenv too wherever one exists."""
    if _PLAIN.fullmatch(value) or ("\\" in value and _BACKSLASHES.fullmatch(value)):
        return f"{name}={value}\n"
    if not _ESCAPING_QUOTE.search(value):
        return "{}='{}'\n".format(name, value.replace("'", "\\'"))
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'{name}="{escaped}"\n'
