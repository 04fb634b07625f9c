"""A cross-encoder, run by ONNX Runtime: reads the question beside each passage, and gives each a score from 0 to 1."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from core.domain.errors import ConfigError
from knowledge.embed.model_files import digest_of
from knowledge.embed.onnx_model import session_of
from knowledge.embed.wellformed import well_formed

Scores = NDArray[np.float32]

GRAPHS = ("model.onnx", "onnx/model.onnx")
"""Where a folder has the graph: as we export it, and as models on the Hub have it."""
TOKENIZER = "tokenizer.json"
_LONGEST = 512
"""Tokens of a question and a passage together; the passage is cut."""
_LONGEST_QUESTION = 600
"""Characters, so that room is left for the passage."""
_AT_ONCE = 4
"""Pairs in one run: between two runs it is seen whether somebody still waits."""


class CrossEncoder:
    """Safe from several threads at once. Raises ConfigError when the folder holds no cross-encoder that can be run."""

    def __init__(self, folder: Path, name: str) -> None:
        graph = graph_in(folder)
        if graph is None:
            raise ConfigError(f"RERANKER_MODEL {name!r}: {folder} holds no model.onnx with a {TOKENIZER}.")
        try:
            self._session = session_of(graph)
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        except Exception as error:
            raise ConfigError(
                f"RERANKER_MODEL {name!r} cannot be loaded: {' '.join(str(error).split())[:200]}"
            ) from error
        self._tokenizer.enable_truncation(_LONGEST, strategy="longest_first")
        self._tokenizer.enable_padding()
        self._inputs = {each.name for each in self._session.get_inputs()}
        self._shrink = onnxruntime.RunOptions()
        self._shrink.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self.name = name
        self.fingerprint = digest_of(sorted(graph.parent.glob("*")))

    def scores(self, question: str, passages: Sequence[str], until: float) -> Scores | None:
        """One score for each passage. None where ``until`` (of the monotonic clock) comes first.

        Raises ValueError where the model gives no numbers.
        """
        found: list[Scores] = []
        [asked] = well_formed([question[:_LONGEST_QUESTION]])
        for start in range(0, len(passages), _AT_ONCE):
            if time.monotonic() > until:
                return None
            some = well_formed(passages[start : start + _AT_ONCE])
            found.append(self._run([(asked, text) for text in some]))
        scores = np.concatenate(found) if found else np.zeros(0, np.float32)
        if not np.isfinite(scores).all():
            raise ValueError(f"{self.name} gives scores that are no numbers")
        return scores if time.monotonic() <= until else None

    def _run(self, pairs: Sequence[tuple[str, str]]) -> Scores:
        encoded = self._tokenizer.encode_batch(list(pairs))
        columns = {
            "input_ids": [each.ids for each in encoded],
            "attention_mask": [each.attention_mask for each in encoded],
            "token_type_ids": [each.type_ids for each in encoded],
        }
        fed = {name: np.array(rows, np.int64) for name, rows in columns.items() if name in self._inputs}
        logits = np.asarray(self._session.run(None, fed, self._shrink)[0], np.float32).reshape(len(pairs), -1)
        against = logits[:, -1] if logits.shape[1] == 1 else logits[:, -1] - logits[:, 0]
        return np.asarray(1 / (1 + np.exp(-np.clip(against, -30, 30))), np.float32)


def graph_in(folder: Path) -> Path | None:
    """The graph of a folder that also has the tokenizer."""
    if not (folder / TOKENIZER).is_file():
        return None
    return next((folder / name for name in GRAPHS if (folder / name).is_file()), None)
