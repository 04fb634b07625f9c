"""Values made from their types, with the same text wherever text can stand."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import io
import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from channels.markdown.plain import PlainDialect
from channels.slack.plain import Names
from core.agent.sources import Sources
from handoff.mood import MoodWords
from handoff.settings import HandoffSettings
from knowledge.chunk.tokens import TokenCounter
from knowledge.sources.address import Scope
from knowledge.sources.options import SourceOptions
from tests.unit.slack_channel.fixture import NoNames

_DEEPEST = 9
LITTLE = "A few words, 12 of them."
CALM = {"locale": "en", "language": "en", "code": "en", "default_language": "en", "first": "> ", "rest": "> "}
"""Parameters and fields that hold something of ours, by their names."""


class _Words:
    """A token is a word."""

    def count(self, texts: collections.abc.Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


_MADE: dict[Any, Callable[[], Any]] = {
    int: lambda: 300,
    float: lambda: 1.0,
    bool: lambda: False,
    object: lambda: None,
    types.NoneType: lambda: None,
    datetime: lambda: datetime(2024, 1, 1, tzinfo=UTC),
    date: lambda: date(2024, 1, 1),
    timedelta: lambda: timedelta(seconds=1),
    tzinfo: lambda: UTC,
    ZoneInfo: lambda: ZoneInfo("UTC"),
    re.Pattern[str]: lambda: re.compile("text"),
    PlainDialect: PlainDialect,
    Names: NoNames,
    Sources: Sources,
    MoodWords: MoodWords,
    HandoffSettings: HandoffSettings,
    Scope: lambda: Scope.of(SourceOptions("https://example.com/")),
    TokenCounter: _Words,
    Callable[[str], int]: lambda: len,
    Callable[[str], str]: lambda: str,
    Callable[[], str]: lambda: str,
}
_LISTS = (list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_SETS = (set, frozenset, collections.abc.Set)
_MAPS = (dict, collections.abc.Mapping)


_hints = cache(typing.get_type_hints)


class Unbuildable(TypeError):
    """No value of this type can be made from a text alone."""


def holds_text(kind: Any, depth: int = 0) -> bool:
    """Whether a value of the type can carry text: itself, in its parts, or in its fields."""
    if kind in (str, bytes, Any, BinaryIO):
        return True
    if depth > _DEEPEST or kind in _MADE:
        return False
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return any(holds_text(hint, depth + 1) for hint in _hints(kind).values())
    if typing.get_origin(kind) is collections.abc.Callable:
        return False
    return any(holds_text(part, depth + 1) for part in typing.get_args(kind))


def build(kind: Any, text: str, name: str = "", depth: int = 0) -> Any:
    """A value of the type for a parameter or field of that name. Raises Unbuildable."""
    if depth > _DEEPEST:
        raise Unbuildable(kind)
    if kind in (str, Any):
        return CALM.get(name, text)
    if kind is bytes:
        return text.encode()
    if kind is BinaryIO:
        return io.BytesIO(text.encode())
    if kind in _MADE:
        return _MADE[kind]()
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return _first(typing.get_args(kind), text, name, depth)
    if typing.get_origin(kind) is None:
        return _instance(kind, text, depth)
    return _container(kind, text, name, depth + 1)


def _container(kind: Any, text: str, name: str, depth: int) -> Any:
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return parts[0]
    if origin is tuple:
        kinds = parts[:1] if parts[-1:] == (...,) else parts
        return tuple(build(part, text, name, depth) for part in kinds)
    if origin in _LISTS:
        return [build(parts[0], text, name, depth)]
    if origin in _SETS:
        return frozenset({build(parts[0], text, name, depth)})
    if origin in _MAPS:
        return {build(parts[0], "text", depth=depth): build(parts[1], text, depth=depth)}
    raise Unbuildable(kind)


def _first(parts: tuple[Any, ...], text: str, name: str, depth: int) -> Any:
    for part in sorted(parts, key=lambda one: (one is types.NoneType, not holds_text(one))):
        try:
            return build(part, text, name, depth + 1)
        except Unbuildable:
            continue
    raise Unbuildable(parts)


def _instance(kind: Any, text: str, depth: int) -> Any:
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
        raise Unbuildable(kind)
    hints: Mapping[str, Any] = _hints(kind)
    wanted = [one.name for one in dataclasses.fields(kind) if one.init]
    values = {name: build(hints[name], text, name, depth + 1) for name in wanted}
    try:
        return kind(**values)
    except Exception as error:  # a type that refuses the text, such as settings
        raise Unbuildable(kind) from error
