"""The only list of channels. A channel's module, and the libraries it brings, are imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from core.domain.errors import ConfigError

GROUP = "switchboard.channels"
"""Entry points of this group add channels from other packages, or replace one of ours by name."""

BUILT_IN: Mapping[str, str] = {
    "web": "channels.web.adapter:WebChannel",
    "console": "channels.console.adapter:ConsoleChannel",
    "slack": "channels.slack.adapter:SlackChannel",
    "telegram": "channels.telegram.adapter:TelegramChannel",
    "sms": "channels.sms.adapter:SmsChannel",
    "email": "channels.email.adapter:EmailChannel",
}


def names() -> list[str]:
    """Every channel that can be loaded."""
    return sorted({*BUILT_IN, *(point.name for point in _added())})


def load(name: str) -> Any:
    """The channel's class (or factory). Raises ConfigError for one that is unknown or whose package is broken."""
    for point in _added():
        if point.name == name:
            return _import(name, point.value)
    if name not in BUILT_IN:
        raise ConfigError(f"There is no channel {name!r}. Known are: {', '.join(names())}.")
    return _import(name, BUILT_IN[name])


@cache
def _added() -> tuple[EntryPoint, ...]:
    """Read once: a process keeps the packages that it began with, and it takes long to look through all of them."""
    return tuple(entry_points(group=GROUP))


def _import(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"The channel {name!r} cannot be loaded from {place}: {error}") from error
