"""A model that is asked about sentences of an answer, and refuses those that hold one of some words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from core.ports.chat_model import ChatRequest, Finished, TextDelta
from tests.contract.responders.world import say


class Reviewer:
    """``verdicts``: by a word of the sentence; all others are supported. ``answer``: how the verdicts are written."""

    name = "reviewer"

    def __init__(
        self, verdicts: Mapping[str, str | bool] | None = None, *, answer: Callable[[Any], str] = json.dumps
    ) -> None:
        self.verdicts = verdicts or {}
        self.answer = answer
        self.requests: list[ChatRequest] = []

    @property
    def asked(self) -> list[list[str]]:
        """The sentences of each request."""
        return [[one["text"] for one in self.data(place)["sentences"]] for place in range(len(self.requests))]

    def data(self, place: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.requests[place].messages[-1].content)
        return found

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        self.requests.append(request)
        for item in say(self.answer({one["id"]: self._verdict(one["text"]) for one in self.data(-1)["sentences"]})):
            yield item

    def _verdict(self, text: str) -> str | bool:
        return next((verdict for word, verdict in self.verdicts.items() if word in text), "supported")
