"""Chooses how texts become vectors: a server's model, or one of our own in ONNX Runtime or, failing that, in torch."""

from __future__ import annotations

import logging
from pathlib import Path

from knowledge.embed.embedder import Embedder
from knowledge.embed.exported import Precision, description_of
from knowledge.embed.prompts import prompts_for
from knowledge.embed.ready import NotReady, make_ready
from knowledge.settings import KnowledgeSettings

_log = logging.getLogger("switchboard.knowledge")


def open_embedder(settings: KnowledgeSettings) -> Embedder:
    """Ready for its first question; the first time this takes up to a minute. Raises ConfigError."""
    if settings.embedding_url is not None:
        from knowledge.embed.endpoint import EndpointEmbedder

        return EndpointEmbedder.of(settings)
    embedder = _local(settings, Precision(settings.embedding_precision))
    embedder.embed_questions(["warm up"])
    return embedder


def _local(settings: KnowledgeSettings, precision: Precision) -> Embedder:
    """int8 that fails its check gives way to fp32, and what ONNX Runtime cannot run to sentence-transformers."""
    name = settings.embedding_model
    try:
        folder = make_ready(name, precision, _cache(settings))
    except NotReady as reason:
        label = name or "The bundled model"
        if precision is Precision.INT8:
            _log.warning("EMBEDDING_PRECISION=int8 is not used for %s: %s. fp32 is used.", label, reason)
            return _local(settings, Precision.FP32)
        _log.warning("%s is run by sentence-transformers, which takes more memory and time: %s", label, reason)
        return _reference(settings)
    return _onnx(settings, folder)


def _onnx(settings: KnowledgeSettings, folder: Path) -> Embedder:
    from knowledge.embed.model_files import BUNDLED
    from knowledge.embed.onnx_model import OnnxEmbedder

    description = description_of(folder)
    name = settings.embedding_model or BUNDLED
    own = description.prompts if description is not None else {}
    prompts = prompts_for(name, own, settings.query_prompt, settings.document_prompt)
    return OnnxEmbedder(folder, name, prompts, settings.threads)


def _reference(settings: KnowledgeSettings) -> Embedder:
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(
        settings.embedding_model,
        question_prompt=settings.query_prompt,
        document_prompt=settings.document_prompt,
        threads=settings.threads,
    )


def _cache(settings: KnowledgeSettings) -> Path:
    return settings.models or settings.directory.parent / "models"
