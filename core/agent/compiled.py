"""Compiles the expressions of the language files before the first turn, which would stop the event loop for it."""

from __future__ import annotations

import functools
import inspect
import sys


def compile_expressions() -> None:
    """Call every cached function without parameters in the modules of this package that are imported. Takes up to a second."""
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{__package__}.")]
    for value in [value for module in modules for value in vars(module).values()]:
        if isinstance(value, functools._lru_cache_wrapper) and not inspect.signature(value).parameters:
            value()
