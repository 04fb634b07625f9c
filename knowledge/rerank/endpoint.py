"""Reranking by a server: POST with the question and the texts, scores back by the place of each text.

Two bodies are common. Cohere's (https://docs.cohere.com/reference/rerank), which Jina and vLLM took over: ``model``, ``query``,
``documents``; back comes ``results`` with ``index`` and ``relevance_score``. And that of Text Embeddings Inference, which serves
one model: ``query``, ``texts``, ``truncate``; back comes a list of ``index`` and ``score``. So whether a model is named decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from core.domain.personal_data import Placeholders

_SAID = 200


class RerankFailed(Exception):
    """Why the server gave no scores, for the log."""


class EndpointReranker:
    """Implements Reranker. ``url`` is the whole address, such as https://api.jina.ai/v1/rerank.

    ``masks``: personal data is replaced by placeholders before it is sent.
    """

    def __init__(self, url: str, key: str | None, model: str | None, *, seconds: float, masks: bool = False) -> None:
        self._url = url
        self._key = key
        self._model = model
        self._masks = masks
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.AsyncClient(headers=headers, timeout=seconds)

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        """See Reranker. Raises RerankFailed."""
        if self._masks:
            placeholders = Placeholders(question, *passages)
            question, passages = placeholders.mask(question), [placeholders.mask(passage) for passage in passages]
        try:
            response = await self._client.post(self._url, json=self._body(question, passages))
        except httpx.TransportError as error:
            raise RerankFailed(f"no answer: {type(error).__name__} {error}".strip()) from error
        if not response.is_success:
            raise RerankFailed(f"{response.status_code} {self._error_text(response)}")
        try:
            return _scores(response.json(), len(passages))
        except (ValueError, KeyError, TypeError) as error:
            raise RerankFailed(f"it answered what are no scores: {self._error_text(response)}") from error

    async def aclose(self) -> None:
        """Lets go of the connections."""
        await self._client.aclose()

    def _body(self, question: str, passages: Sequence[str]) -> dict[str, Any]:
        if self._model:
            return {"model": self._model, "query": question, "documents": list(passages)}
        return {"query": question, "texts": list(passages), "truncate": True}

    def _error_text(self, response: httpx.Response) -> str:
        said = " ".join(response.text.split())[:_SAID]
        return said.replace(self._key, "…") if self._key else said


def _scores(answer: Any, count: int) -> list[float]:
    """In the order of the texts. Raises ValueError, KeyError and TypeError for anything but one score for each."""
    results = answer["results"] if isinstance(answer, dict) else answer
    found = {
        int(one["index"]): float(one["relevance_score"] if "relevance_score" in one else one["score"])
        for one in results
    }
    if len(results) != count or found.keys() != set(range(count)):
        raise ValueError(f"{len(results)} scores for {count} texts")
    return [found[place] for place in range(count)]
