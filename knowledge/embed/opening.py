"""Chooses how texts become vectors: a server's model, or one of our own in ONNX Runtime or, failing that, in torch."""

from __future__ import annotations

import logging
from pathlib import Path

from knowledge.embed.embedder import Embedder
from knowledge.embed.exported import SHIPPED, Precision, description_of, find
from knowledge.embed.model_files import BUNDLED, locate
from knowledge.embed.prompts import prompts_for
from knowledge.embed.ready import NotReady, make_ready
from knowledge.settings import KnowledgeSettings

_log = logging.getLogger("switchboard.knowledge")


def open_embedder(settings: KnowledgeSettings) -> Embedder:
    """Ready for its first question; the first time this takes up to a minute. Raises ConfigError."""
    if settings.embedding_url is not None:
        from knowledge.embed.endpoint import EndpointEmbedder

        return EndpointEmbedder.of(settings)
    embedder = _local(settings)
    embedder.embed_questions(["warm up"])
    return embedder


def is_ready(settings: KnowledgeSettings) -> bool:
    """Whether the model that is configured was made ready for ONNX Runtime before."""
    files = locate(settings.embedding_model)
    precision = Precision(settings.embedding_precision)
    return find((_cache(settings), SHIPPED), files.name, files.digest, precision) is not None


def model_folder(settings: KnowledgeSettings) -> Path:
    """The model that is configured; made ready for ONNX Runtime where it was not. Raises ConfigError, NotReady.

    int8 that fails its check gives way to fp32.
    """
    name, precision = settings.embedding_model, Precision(settings.embedding_precision)
    try:
        return make_ready(name, precision, _cache(settings))
    except NotReady as reason:
        if precision is not Precision.INT8:
            raise
        label = name or "The bundled model"
        _log.warning("EMBEDDING_PRECISION=int8 is not used for %s: %s. fp32 is used.", label, reason)
        return make_ready(name, Precision.FP32, _cache(settings))


def _local(settings: KnowledgeSettings) -> Embedder:
    """What ONNX Runtime cannot run is run by sentence-transformers."""
    try:
        folder = model_folder(settings)
    except NotReady as reason:
        label = settings.embedding_model or "The bundled model"
        _log.warning("%s is run by sentence-transformers, which takes more memory and time: %s", label, reason)
        return _reference(settings)
    return _onnx(settings, folder)


def _onnx(settings: KnowledgeSettings, folder: Path) -> Embedder:
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
