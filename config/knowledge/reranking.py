"""The second look at what is found, if one is configured."""

from __future__ import annotations

import functools
from collections.abc import Callable

from config.settings import Settings
from core.ports.metrics import Metrics
from core.ports.retriever import Reranker, Retriever
from knowledge.rerank.retriever import RerankedRetriever


def reranking(settings: Settings, metrics: Metrics) -> Callable[[Retriever], RerankedRetriever] | None:
    """Puts it around a search; None where none is wanted. Raises ConfigError."""
    reranker = _reranker(settings)
    if reranker is None:
        return None
    seconds = settings.reranker_seconds
    return functools.partial(RerankedRetriever, reranker=reranker, metrics=metrics, seconds=seconds)


def own_reranker(settings: Settings) -> str | None:
    """The cross-encoder that the knowledge process runs itself, where neither a server nor a package is named."""
    return None if settings.reranker or settings.reranker_url else settings.reranker_model


def _reranker(settings: Settings) -> Reranker | None:
    """Libraries are imported only where they are needed."""
    if settings.reranker:
        from knowledge.rerank.third_party import load

        return load(settings.reranker)
    if settings.reranker_url is None:
        return None
    from knowledge.rerank.endpoint import EndpointReranker

    key = settings.reranker_api_key
    return EndpointReranker(
        settings.reranker_url,
        key.get_secret_value() if key is not None else None,
        settings.reranker_model,
        seconds=settings.reranker_seconds,
        masks=settings.mask_personal_data,
    )
