"""The settings page, from config/groups/ and config/default.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.groups import SettingsGroup
from config.settings import Settings

TITLE = "Settings"
_DEFAULTS = Path(__file__).resolve().parents[2] / "config" / "default.toml"
_INTRODUCTION = (
    "Read once at the start: from the environment, else from `.env`, else from `switchboard.toml` (names in lower case "
    "there), else the default. Lists are written with commas. A secret may be a comma-separated list while it is being "
    "rotated: the first one signs, all are accepted."
)


def lines() -> Iterator[str]:
    """One table for each group, in the order of the code."""
    yield _INTRODUCTION
    defaults = tomllib.loads(_DEFAULTS.read_text(encoding="utf-8"))
    for group in groups():
        yield from ["", f"## {group.title}", "", "| name | default | meaning |", "|---|---|---|"]
        for name, field in group.model_fields.items():
            yield f"| `{name.upper()}` | {_default(field, defaults.get(name))} | {_meaning(field)} |"


def groups() -> list[type[SettingsGroup]]:
    """The subjects, in the order of the page."""
    return [base for base in reversed(Settings.__bases__) if issubclass(base, SettingsGroup)]


def _default(field: FieldInfo, from_file: Any) -> str:
    own = None if field.is_required() else field.get_default(call_default_factory=True)
    value = own if from_file is None else from_file
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _meaning(field: FieldInfo) -> str:
    assert field.description, "every setting has a description"
    choices = _choices(field.annotation)
    text = field.description + (f" One of {', '.join(f'`{choice}`' for choice in choices)}." if choices else "")
    if _is_secret(field.annotation):
        text += " Secret."
    return text.replace("|", "\\|")


def _choices(annotation: Any) -> tuple[str, ...]:
    return tuple(str(choice) for choice in get_args(annotation)) if get_origin(annotation) is Literal else ()


def _is_secret(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(_is_secret(part) for part in get_args(annotation) if part is not NoneType)
    return annotation is SecretStr
