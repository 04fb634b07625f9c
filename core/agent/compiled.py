"""Compiles the regular expressions of the language files ahead of the first turn, where this would block the event loop."""

from __future__ import annotations

import functools
import inspect
import sys

from core.agent.phrases import Phrases


def compile_expressions() -> None:
    """Compile each Phrases, and call every cached function without parameters, in the modules of this package that are
    imported. Takes up to a second.
    """
    for module in [module for name, module in sys.modules.copy().items() if name.startswith(f"{__package__}.")]:
        for value in list(vars(module).values()):
            if isinstance(value, Phrases):
                value.pattern.pattern  # noqa: B018
            elif isinstance(value, functools._lru_cache_wrapper) and not inspect.signature(value).parameters:
                value()
