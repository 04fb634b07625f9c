"""Settings as `switchboard doctor` reads them: one that is wrong does not hide the others."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError, model_validator

from config.settings import Settings, wrong_settings

TOGETHER = "settings"
"""The name under which it is told that some do not go together."""


class _Examined(Settings):
    """Accepts settings that do not go together; they are reported apart."""

    @model_validator(mode="after")
    def _together(self) -> _Examined:
        return self


def sound_settings() -> tuple[Settings, list[tuple[str, str]]]:
    """The settings, wrong ones at their defaults; and each wrong one, with the reason.

    Raises ConfigError where our file is no text.
    """
    wrong: list[tuple[str, str]] = []
    unset: dict[str, Any] = {}
    try:
        return Settings(), wrong
    except ValidationError as error:
        wrong += _wrong_by_name(error)
        unset = {str(item["loc"][0]): _default(str(item["loc"][0])) for item in error.errors() if item["loc"]}
    if unset:
        try:
            return Settings(**unset), wrong
        except ValidationError as error:  # found only when each by itself is right
            wrong += _wrong_by_name(error)
    return _Examined(**unset), wrong


def _wrong_by_name(error: ValidationError) -> list[tuple[str, str]]:
    return [(name or TOGETHER, reason) for name, reason in wrong_settings(error)]


def _default(name: str) -> Any:
    field = Settings.model_fields[name]
    if not field.is_required():
        default = field.get_default(call_default_factory=True)
        return (
            json.dumps(default) if isinstance(default, dict) else default
        )  # a dict would be merged with the file's table
    return tomllib.loads((Path(__file__).parent / "default.toml").read_text(encoding="utf-8"))[name]
