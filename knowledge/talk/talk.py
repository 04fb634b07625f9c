"""Which kind of talk a message is: that of the nearest labelled example, where no question is nearly as near.

``examples.json`` holds a few dozen sentences of each kind in five languages; the questions that it is compared with are those
that the threshold is measured by. A model that knows one language finds all texts of another alike; the distance to the
questions in that language tells them apart all the same.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.calibrate.bounds import by_kind
from knowledge.embed.kept_vectors import KeptVectors

_log = logging.getLogger("switchboard.knowledge")

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_EXAMPLES = Path(__file__).with_name("examples.json")
_QUESTIONS = Path(__file__).parent.parent / "calibrate" / "out_of_scope.json"
_LEAST = 0.5
"""Cosine to the nearest example. Of 500 questions of a bank none with an answer reaches it without a passage that is nearer."""
_AHEAD = 0.2
"""How much further away the nearest question has to be."""
_PAUSE = 60.0
"""Seconds between two tries."""


class Talk:
    """``prepare`` embeds the examples, once for each model; until then no message is talk."""

    def __init__(self, embed: Embed, folder: Path, fingerprint: str) -> None:
        kinds = json.loads(_EXAMPLES.read_text("utf-8"))
        asked = json.loads(_QUESTIONS.read_text("utf-8"))
        self._texts, self._kinds, _ = by_kind(kinds)
        self._questions, _, _ = by_kind({kind: asked[kind] for kind in ("far", "near")})
        self._kept = KeptVectors(embed, folder, fingerprint, [*by_kind(asked)[0], *self._texts])
        self._vectors: NDArray[np.float32] | None = None

    def prepare(self) -> None:
        """Reads the vectors of the examples, or makes and keeps them. Raises what the model raises."""
        self._kept.prepare()
        self._vectors = self._kept.embed([*self._texts, *self._questions])

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of questions; those that the threshold is measured by are embedded once for both."""
        return self._kept.embed(texts)

    def follow(self, ended: threading.Event) -> None:
        """Prepares it, again after a while where the model is away; for a thread of its own."""
        while not ended.is_set():
            try:
                self.prepare()
            except Exception as error:
                _log.warning("the examples of talk cannot be embedded now: %s", error)
                ended.wait(_PAUSE)
            else:
                return

    def kind_of(self, vector: NDArray[np.float32], best: float) -> str | None:
        """The kind of an embedded message; None for a question. ``best``: how near the nearest passage is."""
        if self._vectors is None or self._vectors.shape[1] != len(vector):
            return None
        near = self._vectors @ np.asarray(vector, np.float32)
        examples, questions = near[: len(self._texts)], near[len(self._texts) :]
        first = int(examples.argmax())
        least = max(_LEAST, best, float(questions.max()) + _AHEAD)
        return self._kinds[first] if examples[first] >= least else None
