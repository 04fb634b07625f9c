"""Embedding with sentence-transformers itself, for a model that ONNX Runtime cannot run as it does."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from knowledge.embed.embedder import WORD_MARKS, Vectors
from knowledge.embed.exported import Precision
from knowledge.embed.fingerprint import fingerprint_of
from knowledge.embed.model_files import locate
from knowledge.embed.prompts import prompts_for
from knowledge.embed.reference import load_reference, longest_of, prompts_of
from knowledge.embed.wellformed import well_formed


class SentenceTransformerEmbedder:
    """Loads the model when it is made, which takes seconds. Raises ConfigError when there is no such model."""

    lanes = 0
    batch = 4
    """Small, so that a question waits for no more than one such batch, and little memory is held for them."""

    def __init__(
        self,
        model: str | None = None,
        *,
        question_prompt: str | None = None,
        document_prompt: str | None = None,
        threads: int | None = None,
    ) -> None:
        files = locate(model)
        self._model = load_reference(files)
        self.name = files.name
        self.dimensions = int(self._model.get_embedding_dimension())
        self._document_threads = threads or max(1, (os.cpu_count() or 1) - 1)
        own = prompts_of(self._model)
        self._prompts = prompts_for(self.name, own, question_prompt, document_prompt)
        longest = longest_of(self._model)
        self.limit = self._room(longest)
        digest = files.digest or locate(model).digest or self.name
        self.fingerprint = fingerprint_of(digest, Precision.FP32, longest, self.dimensions, self._prompts)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the model's special tokens."""
        if not texts:
            return []
        encoded = self._model.tokenizer(well_formed(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def knows(self, word: str) -> bool:
        """See Embedder.knows."""
        vocabulary = self._model.tokenizer.get_vocab()
        return any(f"{mark}{word}" in vocabulary for mark in WORD_MARKS)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, with the prompt that the model wants for them.

        On one thread: a question is too short to share, and threads that wait for each other on a busy machine made it
        three to five times as slow.
        """
        return self._encode(texts, self._prompts.question, threads=1)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, with the prompt that the model wants for them."""
        return self._encode(texts, self._prompts.document, threads=self._document_threads)

    def _encode(self, texts: Sequence[str], prompt: str, threads: int) -> Vectors:
        import torch

        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        vectors = self._model.encode(
            well_formed(texts), prompt=prompt or None, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimensions)

    def _room(self, longest: int) -> int:
        """Tokens left for a text: special tokens and the longer prompt, which is cut off with it, are taken from the limit."""
        special = len(self._model.tokenizer("")["input_ids"])
        prompt = max(self.count([self._prompts.question, self._prompts.document]))
        return max(16, longest - special - prompt)
