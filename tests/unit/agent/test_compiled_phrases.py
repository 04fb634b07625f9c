"""Compiling the expressions of the agent's modules when the hub starts."""

from __future__ import annotations

import sys
import threading
from types import ModuleType

from core.agent.phrases import compile_expressions


def test_modules_that_are_imported_meanwhile_do_no_harm() -> None:
    """Another thread of a starting hub imports: each import adds to the modules that are looked through."""
    names = [f"imported_meanwhile_{number}" for number in range(200)]
    ended = threading.Event()

    def import_and_forget() -> None:
        while not ended.is_set():
            for name in names:
                sys.modules[name] = ModuleType(name)
            for name in names:
                del sys.modules[name]

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    importing = threading.Thread(target=import_and_forget)
    importing.start()
    try:
        for _ in range(300):
            compile_expressions()
    finally:
        ended.set()
        importing.join()
        sys.setswitchinterval(before)
