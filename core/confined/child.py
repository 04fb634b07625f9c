"""Serves one call in a process of its own: give up rights, read the payload, answer, end."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any, NoReturn, cast

from core.confined.sandbox import TemplateState, confine, limit_call
from core.confined.wire import BrokenFrame, Frame, encode, read_exactly, read_frame, write_all
from core.domain.errors import HubError
from core.ports.confined import CallLimits

_BROKEN = "It could not be read; it may be damaged."
_MOST_REASON = 300


def run(template: TemplateState, pipe: int, file: int | None = None) -> NoReturn:
    """Serve the call and end the process."""
    status = 1
    try:
        os.setsid()
        in_force = confine(template)
        write_all(pipe, encode({"isolation": sorted(in_force)}))
        _answer(template, pipe, file)
        status = 0
    except (BrokenFrame, OSError):  # the hub waits for no answer any more
        pass
    finally:
        os._exit(status)


def _answer(template: TemplateState, pipe: int, file: int | None) -> None:
    head = read_frame(pipe)
    limits = CallLimits(**head["limits"])
    limit_call(limits, template.libraries)
    answer = b""
    try:
        payload = read_exactly(pipe, head["size"])
        answer = _call(head["function"], payload, file)
        said: Frame = {"size": len(answer)} if len(answer) <= limits.output_bytes else {"too_much": "output"}
    except BaseException as error:  # a library may raise anything, up to RecursionError and MemoryError
        said = _failure(error)
    write_all(pipe, encode(said))
    if "size" in said:
        write_all(pipe, answer)


def _call(name: str, payload: bytes, file: int | None) -> bytes:
    module, _, function = name.partition(":")
    found = cast("Callable[..., bytes]", getattr(importlib.import_module(module), function))
    if file is None:
        return found(payload)
    with os.fdopen(file, "rb") as opened:
        return found(payload, opened)


def _failure(error: BaseException) -> dict[str, Any]:
    if isinstance(error, MemoryError):
        return {"too_much": "memory"}
    detail = error.detail if isinstance(error, HubError) else _BROKEN
    return {"failed": detail, "kind": type(error).__name__, "reason": ascii(str(error))[:_MOST_REASON]}
