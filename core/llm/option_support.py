"""Learns which options of a request a model refuses."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.llm.wire import OPTIONS
from core.ports.chat_model import ChatRequest

logger = logging.getLogger(__name__)

_NAMED: Final[Mapping[str, re.Pattern[str]]] = {
    "temperature": re.compile(r"temperature", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reasoning|thinking", re.IGNORECASE),
}
_MOST_REFUSALS = 3
"""In a row. A single one may have been provoked by what a customer wrote, and says nothing of the endpoint."""


class OptionSupport:
    """For the life of this process: an option that is refused several times in a row is not sent any more."""

    def __init__(self) -> None:
        self._refusals = dict.fromkeys(OPTIONS, 0)

    def without_refused(self, request: ChatRequest) -> ChatRequest:
        """The request without the options that the model is known to refuse."""
        for option in OPTIONS:
            if self._refusals[option] >= _MOST_REFUSALS:
                request = without_option(request, option)
        return request

    def refused(self, option: str) -> None:
        """A request was refused, and the same one without this option was accepted."""
        self._refusals[option] += 1
        if self._refusals[option] == _MOST_REFUSALS:
            logger.warning("the model refuses %s; it is asked without it from now on", option)

    def accepted(self, request: ChatRequest) -> None:
        """The request was answered with the options that it holds."""
        for option in _options_of(request):
            self._refusals[option] = 0


def _options_of(request: ChatRequest) -> list[str]:
    return [option for option in OPTIONS if getattr(request, option) is not None]


def named_option(request: ChatRequest, refusal: str) -> str | None:
    """The option of the request that a refusal's body names."""
    return next((option for option in _options_of(request) if _NAMED[option].search(refusal)), None)


def newest_option(request: ChatRequest) -> str | None:
    """The option to leave out first where a refusal names none: fewer endpoints know it."""
    return next(reversed(_options_of(request)), None)


def without_option(request: ChatRequest, option: str) -> ChatRequest:
    """The same request; the endpoint decides about this option."""
    return replace(request, temperature=None) if option == "temperature" else replace(request, reasoning_effort=None)
