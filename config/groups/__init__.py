"""The settings by subject; config/settings.py reads them as one."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, SecretStr


class SettingsGroup(BaseModel):
    """What belongs together, under one heading of docs/reference/settings.md."""

    title: ClassVar[str]


def long_enough(value: SecretStr | None) -> SecretStr | None:
    """A secret of webhooks, or each of a list. Raises ValueError for one that could be guessed."""
    for secret in value.get_secret_value().split(",") if value is not None else ():
        if secret.strip() and len(secret.strip()) < 16:
            raise ValueError("must have at least 16 characters; try: openssl rand -hex 32")
    return value
