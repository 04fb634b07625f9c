"""Labelled questions of a company, which say better than any derived ones what its knowledge holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class LabelledQuestions:
    """``inside`` have an answer in the knowledge, ``outside`` have none."""

    inside: tuple[str, ...]
    outside: tuple[str, ...]


def read_labelled(folder: Path) -> LabelledQuestions:
    """``queries.jsonl`` and, where there is one, ``oos.jsonl`` of a folder. Raises ConfigError."""
    inside = [str(row["text"]) for row in json_lines(folder / "queries.jsonl", ("text",))]
    there = (folder / "oos.jsonl").exists()
    outside = [str(row["text"]) for row in json_lines(folder / "oos.jsonl", ("text",))] if there else []
    if not inside:
        raise ConfigError(f"{folder / 'queries.jsonl'} holds no question")
    return LabelledQuestions(tuple(inside), tuple(outside))


def json_lines(path: Path, fields: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """The objects of a JSON-lines file, each with these fields. Raises ConfigError naming the line."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    found: list[Mapping[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ConfigError(f"{path}, line {number}: {error}") from error
        missing = [name for name in fields if not isinstance(row, dict) or name not in row]
        if missing:
            raise ConfigError(f"{path}, line {number}: {', '.join(missing)} is missing")
        found.append(row)
    return found
