"""A model as sentence-transformers loads it: what every other way of running it is measured against."""

from __future__ import annotations

from typing import Any

from core.domain.errors import ConfigError
from knowledge.embed.model_files import ModelFiles, not_loaded

_UNBOUNDED = 100_000
"""Tokenizers without a limit of their own say a huge number."""
_CAUTIOUS_LIMIT = 512


def load_reference(files: ModelFiles) -> Any:
    """Takes seconds and hundreds of megabytes; downloads a model that is named and not there. Raises ConfigError."""
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise ConfigError(
            f"EMBEDDING_MODEL {files.name!r} was not made ready when this installation was built, and what makes models "
            "ready (torch, sentence-transformers) is not part of it. Build the image with this model, or set "
            "EMBEDDING_BASE_URL to a server that runs it."
        ) from error
    logging.disable_progress_bar()
    try:
        if files.folder is not None:
            return SentenceTransformer(str(files.folder), device="cpu", local_files_only=True)
        return SentenceTransformer(files.name, device="cpu")
    except (OSError, ValueError) as error:
        raise not_loaded(files, str(error)) from error


def longest_of(model: Any) -> int:
    """Tokens of a text that a loaded model reads, its special tokens included."""
    longest = model.max_seq_length or getattr(model.tokenizer, "model_max_length", None) or _CAUTIOUS_LIMIT
    return int(longest) if longest < _UNBOUNDED else _CAUTIOUS_LIMIT


def prompts_of(model: Any) -> dict[str, str]:
    """Those that the model's own configuration names."""
    return {str(name): str(prompt) for name, prompt in dict(getattr(model, "prompts", None) or {}).items() if prompt}
