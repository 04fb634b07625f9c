"""Asks a language model about the sentences of an answer that code alone can neither prove nor refute: one short call a batch."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from core.agent.tokens import trim
from core.agent.whole_answer import ModelCheck
from core.ports.verifier import Verdict, Verification

logger = logging.getLogger(__name__)

_SENTENCE_TOKENS = 200
_CUSTOMER_TOKENS = 250


class ModelVerifier(ModelCheck):
    """Implements Verifier."""

    prompt = "verify"

    async def verify(self, request: Verification) -> Mapping[int, Verdict]:
        places = {self._new_id(): place for place in range(len(request.sentences))}
        found = read_verdicts(await self._ask(_question(request, list(places))))
        known = {place: verdict for name, place in places.items() if (verdict := found.get(name)) is not None}
        if len(known) < len(places):
            logger.info("sentences without a verdict", extra={"sentences": len(places) - len(known)})
        return known


def _question(request: Verification, names: list[str]) -> dict[str, Any]:
    return {
        "customer": trim(request.customer, _CUSTOMER_TOKENS),
        "passages": [{"number": number, "text": text} for number, text in enumerate(request.passages, start=1)],
        "sentences": [
            {"id": name, "text": trim(one.text, _SENTENCE_TOKENS), "passages": [place + 1 for place in one.passages]}
            for name, one in zip(names, request.sentences, strict=True)
        ],
    }


def read_verdicts(found: Mapping[str, Any]) -> dict[str, Verdict]:
    """The verdicts by id: ``{id: verdict}`` or ``{"verdicts": [{"id", "verdict"}]}``.

    True and false are taken for supported and unsupported. What is neither gives no verdict.
    """
    listed = found.get("verdicts")
    if isinstance(listed, list):
        found = {one["id"]: one for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)}
    elif isinstance(listed, dict):
        found = listed
    read = {name: _verdict(value) for name, value in found.items()}
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
