"""The values of all settings that must never appear in a log, found by their type so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from config.settings import Settings, secrets_of

_SEPARATORS = str.maketrans(",;", "  ")


def all_secrets(settings: Settings) -> tuple[str, ...]:
    """Each secret, each part of one that is a list, and the user's part of each address."""
    found = (secret for name in Settings.model_fields for secret in _secrets_in(getattr(settings, name)))
    return tuple(dict.fromkeys(secret for secret in found if secret))


def _secrets_in(value: Any) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
            yield from secrets_of(value)
            yield from _credentials(value.get_secret_value())
        case str():
            yield from _credentials(value)
        case BaseModel():
            for name in type(value).model_fields:
                yield from _secrets_in(getattr(value, name))
        case Mapping():
            for one in value.values():
                yield from _secrets_in(one)
        case tuple() | list() | set() | frozenset():
            for one in value:
                yield from _secrets_in(one)


def _credentials(text: str) -> Iterator[str]:
    """Of each address in the text: the password, or a lone user of a web address (a token), as written and decoded."""
    for address in text.translate(_SEPARATORS).split():
        try:
            place = urlsplit(address)
        except ValueError:
            continue
        if "@" not in place.netloc:
            continue
        user, colon, password = place.netloc.rpartition("@")[0].partition(":")
        hidden = password if colon else user if place.scheme.startswith("http") else ""
        yield from (hidden, unquote(hidden))
