"""Embedding with ONNX Runtime and the model's tokenizer alone: neither torch nor transformers is loaded.

Texts are not padded: one text, or some of equally many tokens, is one run on one thread. Measured on two cores, padded
batches were no faster and took up to twice the memory, and so a text has the same vector whatever it is embedded with.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from knowledge.embed.embedder import WORD_MARKS, Vectors, unit
from knowledge.embed.exported import GRAPH, TOKENIZER, description_of
from knowledge.embed.fingerprint import fingerprint_of
from knowledge.embed.prompts import Prompts
from knowledge.embed.wellformed import well_formed

_TOKENS_AT_ONCE = 128
"""In one run, where several texts have the same number of tokens; short ones share the reading of the weights."""
_MANY_TOKENS = 64
"""In one run, above which the memory that it took is given back at once: more than a question has."""


class OnnxEmbedder:
    """Safe from several threads at once. Raises ValueError when the folder holds no model of ours."""

    batch = 16

    def __init__(self, folder: Path, name: str, prompts: Prompts, threads: int | None = None) -> None:
        description = description_of(folder)
        if description is None:
            raise ValueError(f"{folder} holds no model that was made ready")
        self.name = name
        self.folder = folder
        self.lanes = threads or os.cpu_count() or 1  # they give way to the thread for questions
        self.precision = description.precision
        self.dimensions = description.dimensions
        self._prompts = prompts
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._longest = description.longest - self._tokenizer.num_special_tokens_to_add(False)
        self._direction = (self._tokenizer.truncation or {}).get("direction", "right")
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._session = session_of(folder / GRAPH)
        self._shrink = onnxruntime.RunOptions()
        self._shrink.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        # The longer prompt is cut off with its text.
        self.limit = max(16, self._longest - max(self.count([self._prompts.question, self._prompts.document])))
        self.fingerprint = fingerprint_of(
            description.digest, description.precision, description.longest, description.dimensions, prompts
        )

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the model's special tokens."""
        return [len(encoding) for encoding in self._encode(texts)]

    def knows(self, word: str) -> bool:
        """See Embedder.knows."""
        return any(self._tokenizer.token_to_id(f"{mark}{word}") is not None for mark in WORD_MARKS)

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, with the prompt that the model wants for them."""
        return self.embed(texts, self._prompts.question)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, with the prompt that the model wants for them."""
        return self.embed(texts, self._prompts.document)

    def embed(self, texts: Sequence[str], prompt: str) -> Vectors:
        """Vectors of texts of any length behind ``prompt``. A text without any token gets the vector of nothing: zeros."""
        ids = []
        for encoding in self._encode([prompt + text for text in texts]):
            encoding.truncate(self._longest, direction=self._direction)
            ids.append(self._tokenizer.post_process(encoding).ids)
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for places in _alike([len(one) for one in ids]):
            vectors[places] = self._run(np.array([ids[place] for place in places], np.int64))
        return vectors

    def _encode(self, texts: Sequence[str]) -> Sequence[Encoding]:
        """Tokens, whole and without the model's special ones."""
        return self._tokenizer.encode_batch_fast(well_formed(texts), add_special_tokens=False)

    def _run(self, ids: NDArray[np.int64]) -> Vectors:
        options = self._shrink if ids.size > _MANY_TOKENS else None
        fed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        vectors: Vectors = self._session.run(None, fed, options)[0]
        return unit(vectors)


def _alike(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of equally many tokens, so many that a run stays small."""
    by_length: dict[int, list[int]] = defaultdict(list)
    for place, length in enumerate(lengths):
        if length:
            by_length[length].append(place)
    for length, places in sorted(by_length.items()):
        rest = iter(places)
        while batch := list(islice(rest, max(1, _TOKENS_AT_ONCE // length))):
            yield batch


def session_of(graph: Path) -> Any:
    """One thread per run: several runs at once share the cores better than one run that waits for all its threads.

    Without memory patterns, which are kept for each length of text that was ever seen.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
