"""Our ``.env``: changes the settings that it is told, keeps all else as it is written, and is never half written."""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from core.domain.errors import ConfigError

_PLAIN = re.compile(r"[\w./:@,+=~%-]*", re.ASCII)


def read_env_file(path: Path) -> dict[str, str]:
    """What it sets, as written; empty where there is none. Raises ConfigError where it cannot be read."""
    values = dotenv_values(stream=io.StringIO(_text(path)), interpolate=False)
    return {name: value or "" for name, value in values.items()}


def broken_lines(path: Path) -> list[int]:
    """The numbers of lines that set nothing although they are no comments. The words on them may be secret."""
    found = parse_stream(io.StringIO(_text(path)))
    return [one.original.line for one in found if one.error or (one.key is not None and one.value is None)]


def update_env_file(path: Path, values: Mapping[str, str]) -> None:
    """Sets ``values``, with 0600. A reader sees the former file or the new one; an interruption leaves the former."""
    place = path.resolve()  # a link stays one
    text = with_values(_text(place), values)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".env-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
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
    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        if binding.key is not None and binding.key in values:
            found.add(binding.key)
            space = written[: len(written) - len(written.lstrip())]
            written = f"{space}{_line(binding.key, values[binding.key])}"
        lines.append(written)
    kept = "".join(lines)
    added = "".join(_line(name, value) for name, value in values.items() if name not in found)
    return kept + ("" if not kept or kept.endswith("\n") else "\n") + added


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is no text in UTF-8: save it as such, or move it away.") from error


def _line(name: str, value: str) -> str:
    """Compose and python-dotenv both take what stands between single quotes as it is."""
    if _PLAIN.fullmatch(value):
        return f"{name}={value}\n"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'\n"
