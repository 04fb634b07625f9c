"""Asks a language model about the sentences of an answer that code alone can neither prove nor refute: one short call a batch."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from core.agent.prompting import system_prompt
from core.agent.tokens import trim
from core.agent.whole_answer import SparedModel
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.clock import Clock
from core.ports.verifier import Verdict, Verification

logger = logging.getLogger(__name__)

_SENTENCE_TOKENS = 200
_CUSTOMER_TOKENS = 120
_ANSWER_TOKENS = 3_000
"""A dozen verdicts are 150 tokens; the rest is for models that think first."""


class ModelVerifier:
    """Implements Verifier. ``seconds`` and ``rest``: see SparedModel; the customer waits for it.

    ``new_id`` gives names that no passage can know, so that none can hold an answer that fits.
    """

    def __init__(
        self,
        model: ChatModel,
        clock: Clock,
        *,
        seconds: float = 6.0,
        rest: float = 60.0,
        new_id: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self._model = SparedModel(model, clock, "verification", seconds=seconds, rest=rest)
        self._new_id = new_id

    async def verify(self, request: Verification) -> Mapping[int, Verdict]:
        """See Verifier."""
        places = {self._new_id(): place for place in range(len(request.sentences))}
        answer = await self._model.ask(_request(request, list(places)))
        found = {} if answer is None else read_verdicts(answer)
        known = {place: verdict for name, place in places.items() if (verdict := found.get(name)) is not None}
        if len(known) < len(places):
            logger.info("sentences without a verdict", extra={"sentences": len(places) - len(known)})
        return known


def _request(request: Verification, names: list[str]) -> ChatRequest:
    """As JSON, so that no text can end where it does not."""
    data = {
        "customer": trim(request.customer, _CUSTOMER_TOKENS),
        "passages": [{"number": number, "text": text} for number, text in enumerate(request.passages, start=1)],
        "sentences": [
            {"id": name, "text": trim(one.text, _SENTENCE_TOKENS), "passages": [place + 1 for place in one.passages]}
            for name, one in zip(names, request.sentences, strict=True)
        ],
    }
    shown = ChatMessage("user", json.dumps(data, ensure_ascii=False, separators=(",", ":")))
    return ChatRequest((system_prompt("", "verify"), shown), max_tokens=_ANSWER_TOKENS)


def read_verdicts(answer: str) -> dict[str, Verdict]:
    """The verdicts by id: ``{id: verdict}`` or ``{"verdicts": [{"id", "verdict"}]}``, in a code fence or not.

    True and false are taken for supported and unsupported. What is neither gives no verdict.
    """
    start, end = answer.find("{"), answer.rfind("}")
    try:
        found: Any = json.loads(answer[start : end + 1])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    listed = found.get("verdicts")
    if isinstance(listed, list):
        found = {one.get("id"): one.get("verdict") for one in listed if isinstance(one, dict)}
    elif isinstance(listed, dict):
        found = listed
    read = {name: _verdict(value) for name, value in found.items() if isinstance(name, str)}
    return {name: verdict for name, verdict in read.items() if verdict is not None}


def _verdict(value: object) -> Verdict | None:
    if isinstance(value, dict):
        value = value.get("verdict")
    if isinstance(value, bool):
        return Verdict.SUPPORTED if value else Verdict.UNSUPPORTED
    try:
        return Verdict(str(value).strip().casefold().replace(" ", "_").replace("-", "_"))
    except ValueError:
        return None
