"""Finds the functions of the product that take text, and makes calls of them from their types."""

from __future__ import annotations

import builtins
import importlib
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.architecture.linear.values import CALM, LITTLE, Unbuildable, build, holds_text
from tests.architecture.sources import PACKAGES, python_files


@dataclass(frozen=True, slots=True)
class Function:
    """A public function, or a method of a public class. ``name`` is ``module:function`` or ``module:Class.method``."""

    name: str
    call: Callable[..., Any]
    owner: type | None
    parameters: Mapping[str, Any]
    named: frozenset[str]

    @property
    def texts(self) -> tuple[str, ...]:
        """The parameters that can carry text."""
        return tuple(name for name, kind in self.parameters.items() if name not in CALM and holds_text(kind))

    def prepare(self, parameter: str, text: str) -> Callable[[], object]:
        """A call with the text wherever it can stand in one parameter, and little in the others. Raises Unbuildable."""
        given = {
            name: build(kind, text if name == parameter else LITTLE, name) for name, kind in self.parameters.items()
        }
        plain = [value for name, value in given.items() if name not in self.named]
        named = {name: value for name, value in given.items() if name in self.named}
        first = [] if self.owner is None else [self._first()]
        return lambda: _finished(self.call(*first, *plain, **named))

    def _first(self) -> Any:
        method = vars(self.owner)[self.name.rpartition(".")[2]]
        return self.owner if isinstance(method, classmethod) else build(self.owner, LITTLE)


def _finished(result: object) -> None:
    """A generator works only while it is read."""
    if inspect.isgenerator(result):
        for _ in result:
            pass


@cache
def modules() -> tuple[str, ...]:
    """All modules of the product but migrations, and the platforms that are played, which no customer reaches."""
    paths = [path for path in python_files(*PACKAGES) if not {"migrations", "simulation"} & {*path.parts}]
    return tuple(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)


@cache
def functions() -> Mapping[str, Function]:
    """Those that take text, by name. What only waits for others (``async``) leaves the work on text to these."""
    found = (one for module in modules() for one in _functions_of(module))
    return {one.name: one for one in found if one.texts}


def _functions_of(module: str) -> Iterator[Function]:
    for name, value in vars(importlib.import_module(module)).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module:
            continue
        if isinstance(value, type):
            if not getattr(value, "_is_protocol", False):
                yield from _methods(module, value)
        elif callable(value) and inspect.isfunction(function := inspect.unwrap(value)):
            yield from _described(f"{module}:{name}", function, None)


def _methods(module: str, owner: type) -> Iterator[Function]:
    for name, value in vars(owner).items():
        function = getattr(value, "__func__", value)
        if not name.startswith("_") and inspect.isfunction(function):
            static = isinstance(value, staticmethod)
            yield from _described(f"{module}:{owner.__name__}.{name}", function, None if static else owner)


class _AnyPart(type):
    """What stands in a type for checkers alone, and what is made of it, is one as well."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __getitem__(cls, _parts: Any) -> type:
        return cls


class _OfCheckers(metaclass=_AnyPart):
    """Stands for a module or type that is imported for type checkers alone: it is no text."""


class _OfCheckersByName(dict[str, Any]):
    """Finds them for ``get_type_hints``, which looks here first."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        super().__init__()
        self._known = known

    def __missing__(self, name: str) -> Any:
        if name in self._known or hasattr(builtins, name) or name.startswith("__"):
            raise KeyError(name)
        return _OfCheckers


def _described(name: str, function: Callable[..., Any], owner: type | None) -> Iterator[Function]:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return
    hints = typing.get_type_hints(function, localns=_OfCheckersByName(function.__globals__))
    parameters = list(inspect.signature(function).parameters.values())[0 if owner is None else 1 :]
    kinds = {one.name: hints.get(one.name) for one in parameters if one.kind is not one.VAR_KEYWORD}
    named = frozenset(one.name for one in parameters if one.kind is one.KEYWORD_ONLY)
    yield Function(name, function, owner, kinds, named)


__all__ = ["Function", "Unbuildable", "functions", "modules"]
