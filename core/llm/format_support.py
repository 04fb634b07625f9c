"""Learns, for one model at one endpoint and for the life of this process, whether it answers in the format it is asked for."""

from __future__ import annotations

import logging

from core.llm.settings import AnswerFormatChoice

logger = logging.getLogger(__name__)

MOST_REFUSALS = 3
"""In a row. A single one may have been provoked by what a customer wrote, and says nothing of the endpoint."""
MOST_IGNORED = 5
"""Plain answers in a row, after which the format only costs tokens."""


class FormatSupport:
    """``choice``: auto learns, parts always asks for the format, text never does."""

    def __init__(self, choice: AnswerFormatChoice) -> None:
        self._choice = choice
        self._proven = False
        self._refusals = 0
        self._ignored = 0

    @property
    def wanted(self) -> bool:
        """Whether the next request should ask for the format."""
        learned = self._refusals < MOST_REFUSALS and self._ignored < MOST_IGNORED
        return self._choice == "parts" or (self._choice == "auto" and learned)

    def refused(self, *, named: bool) -> None:
        """A request was refused and the same one without the format was accepted. ``named``: the refusal names the format.

        Where the format has worked before, a refusal that does not name it had another cause.
        """
        if self._proven and not named:
            return
        self._refusals += 1
        if self._refusals == MOST_REFUSALS:
            logger.warning("the model's endpoint refuses structured answers; it is asked for text from now on")

    def answered(self, *, followed: bool) -> None:
        """A request with the format was answered, in JSON or else in text."""
        self._refusals = 0
        self._proven = self._proven or followed
        self._ignored = 0 if followed else self._ignored + 1
        if self._ignored == MOST_IGNORED:
            logger.info("the model ignores the format of structured answers; it is asked for text from now on")
