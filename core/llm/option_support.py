"""Learns what of a request a model refuses or ignores: its answer format, and options."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from core.llm.settings import AnswerFormatChoice
from core.llm.wire import OPTIONS
from core.ports.chat_model import ChatRequest

logger = logging.getLogger(__name__)

_FORMAT = "answer_format"
_NAMED: Final[Mapping[str, re.Pattern[str]]] = {
    "temperature": re.compile(r"temperature", re.IGNORECASE),
    "reasoning_effort": re.compile(r"reasoning|thinking", re.IGNORECASE),
    _FORMAT: re.compile(r"response.?format|json.?(?:schema|mode)|structured.?output|response mime", re.IGNORECASE),
}
_OPTION_REFUSED = frozenset({400, 422})
_FORMAT_REFUSED = frozenset({400, 404, 415, 422, 500, 501})
"""With any of these, endpoints refuse an answer format that they do not have. Only the same request without it tells."""
_MOST_REFUSALS = 3
"""In a row. A single one may have been provoked by what a customer wrote, and says nothing of the endpoint."""
_MOST_IGNORED = 5
"""Plain answers in a row, after which the format only costs tokens."""


class OptionSupport:
    """For the life of this process: what is refused several times in a row is not sent any more.

    ``choice``, of the answer format: auto learns, parts always asks for it, text never does.
    """

    def __init__(self, choice: AnswerFormatChoice) -> None:
        self._choice = choice
        self._refusals = dict.fromkeys(_NAMED, 0)
        self._ignored = 0
        self._format_works = False

    def without_refused(self, request: ChatRequest) -> ChatRequest:
        """The request without what the model is known to refuse or to ignore."""
        for option, refusals in self._refusals.items():
            wanted = refusals < _MOST_REFUSALS
            if option == _FORMAT:
                learned = wanted and self._ignored < _MOST_IGNORED
                wanted = self._choice == "parts" or (self._choice == "auto" and learned)
            request = request if wanted else without_option(request, option)
        return request

    def refused(self, option: str, *, named: bool) -> None:
        """A request was refused, and the same one without this option was accepted. ``named``: the refusal spoke of it.

        Where the format has worked before, a refusal that does not name it had another cause.
        """
        if option == _FORMAT and self._format_works and not named:
            return
        self._refusals[option] += 1
        if self._refusals[option] == _MOST_REFUSALS and not (option == _FORMAT and self._choice == "parts"):
            name = "structured answers" if option == _FORMAT else option
            logger.warning("the model's endpoint refuses %s; it is asked without from now on", name)

    def accepted(self, request: ChatRequest) -> None:
        """The request was taken with the options that it holds."""
        self._refusals |= dict.fromkeys(_options_of(request), 0)

    def answered(self, *, followed: bool) -> None:
        """A request with the format was answered, in JSON or else in text."""
        self._refusals[_FORMAT] = 0
        self._format_works = self._format_works or followed
        self._ignored = 0 if followed else self._ignored + 1
        if self._ignored == _MOST_IGNORED:
            logger.info("the model ignores the format of structured answers; it is asked for text from now on")


def _options_of(request: ChatRequest) -> list[str]:
    return [option for option in OPTIONS if getattr(request, option) is not None]


def may_refuse_format(request: ChatRequest, status: int) -> bool:
    """Whether the same request without its answer format is worth a try, at once."""
    return request.answer_format is not None and status in _FORMAT_REFUSED


def refused_option(request: ChatRequest, status: int, said: str) -> tuple[str, bool] | None:
    """What to leave out of a request after this refusal, and whether the refusal names it; None where nothing is left.

    Where it names none: the format, then the newest option, which fewer endpoints know.
    """
    options = _options_of(request) if status in _OPTION_REFUSED else []
    if named := next((option for option in options if _NAMED[option].search(said)), None):
        return named, True
    if may_refuse_format(request, status):
        return _FORMAT, bool(_NAMED[_FORMAT].search(said))
    return (options[-1], False) if options else None


def without_option(request: ChatRequest, option: str) -> ChatRequest:
    """The same request; the endpoint decides about this option."""
    return replace(request, **{option: None})  # type: ignore[arg-type]
