"""Confined calls that are not confined: the function runs in a thread of this process, for tests of what is around it."""

from __future__ import annotations

import asyncio
import importlib
from typing import BinaryIO

from core.domain.errors import CallFailed, CallTookTooMuch, HubError
from core.ports.confined import DEFAULT, CallLimits


class CallsHere:
    """A ConfinedCalls that keeps the limit of the answer alone."""

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        module, _, name = function.partition(":")
        found = getattr(importlib.import_module(module), name)
        try:
            answer: bytes = await asyncio.to_thread(found, *((payload, file) if file is not None else (payload,)))
        except Exception as error:
            detail = error.detail if isinstance(error, HubError) else "The data could not be read."
            raise CallFailed(detail, kind=type(error).__name__, reason=str(error)) from error
        if len(answer) > limits.output_bytes:
            raise CallTookTooMuch("Reading the data gave more than is allowed.")
        return answer
