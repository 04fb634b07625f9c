"""Keeps the bounds of a knowledge base up to date as it grows."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import HubError, KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience
from knowledge.calibrate.bounds import Bounds, Foreign, bounds_of, by_kind, labelled_bounds
from knowledge.calibrate.derived import derived_questions
from knowledge.calibrate.labelled import LabelledQuestions
from knowledge.calibrate.sketch import Sketch, sketch
from knowledge.embed.embedder import TextRefused
from knowledge.search.corpus import Corpus, Filters
from knowledge.search.engine import admitted, nearness

_log = logging.getLogger("switchboard.knowledge")

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_RECIPE = 2
"""Raise it when bounds are computed in another way."""
_CHANGED = 0.2
"""From this share of the texts on that came or went the bounds are measured again."""
_CAUTIOUS = Bounds(0.5, 0.4)
"""For a knowledge base without a passage, and for one whose bounds were never measured."""
_AT_ONCE = 32
"""Texts that are asked for together, and lost together where the server is busy."""
_MOST_REFUSED = 0.1
"""From this share on what the server refuses is no single text's fault."""
_QUESTIONS = Path(__file__).with_name("out_of_scope.json")


class Keeper(Protocol):
    """Where bounds are kept, for the next start and for other processes that search the same."""

    def read(self, key: str) -> str | None:
        """What was kept last."""

    def write(self, key: str, measured: str) -> None:
        """Keeps it in the place of what was there, as well as can be."""


class Calibrator:
    """``embed`` may be exchanged: at the start the model is asked directly, later through the queue that others use.

    ``key`` names what its bounds are kept by. ``later``: somebody asks again where bounds stand in (see Remeasuring), so that an
    epoch with other passages is searched at once, with the bounds of before.
    """

    def __init__(self, embed: Embed, fingerprint: str, labelled: LabelledQuestions | None = None) -> None:
        self.embed = embed
        self.later = False
        self._labelled = labelled
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._measuring = threading.Lock()
        said = json.dumps([_RECIPE, fingerprint, asdict(labelled) if labelled else None])
        self.key = sha256((said + _QUESTIONS.read_text("utf-8")).encode()).hexdigest()[:24]

    def bounds(
        self, corpus: Corpus, languages: Sequence[str], keeper: Keeper | None = None, *, wait: bool = False
    ) -> Bounds:
        """The bounds for this state of the knowledge; measured only when it has changed much since they last were.

        Provisional where that fails, or where it is for later or another thread is about it: ask again, with ``wait``.
        """
        allowed = admitted(corpus.arrays, Filters(KnowledgeAudience.PUBLIC))
        if not allowed.any():
            return _CAUTIOUS
        kept = self._kept(keeper)
        arrays = corpus.arrays
        now = sketch(arrays.vectors, arrays.vector_of[allowed[arrays.passage_of]])
        if kept is not None and now.changed(kept[0]) <= _CHANGED:
            return kept[1]
        stand_in = replace(kept[1] if kept is not None else _CAUTIOUS, provisional=True)
        if self.later and kept is not None and not wait:
            return stand_in
        if not self._measuring.acquire(blocking=wait):  # an epoch does not wait for the last one's to be measured
            return stand_in
        try:
            if wait and (meanwhile := self._kept(keeper)) is not None and now.changed(meanwhile[0]) <= _CHANGED:
                return meanwhile[1]
            bounds = self._measured(corpus, allowed, languages)
            if (first := self._kept(keeper)) is not None and first[0] == now:  # another process was faster
                return first[1]
            if keeper is not None:
                kept_now = {**asdict(now), "answer": bounds.answer, "doubt": bounds.doubt}
                keeper.write(self.key, json.dumps(kept_now))
        except HubError as error:
            _log.warning("the threshold of the knowledge base cannot be measured now: %s", error.detail)
            return stand_in
        finally:
            self._measuring.release()
        return bounds

    def _measured(self, corpus: Corpus, allowed: NDArray[np.bool_], languages: Sequence[str]) -> Bounds:
        best = partial(self._best, corpus, allowed)
        if self._labelled is not None:
            return labelled_bounds(best(self._labelled.inside), best(self._labelled.outside))
        texts, kinds, spoken = by_kind(json.loads(_QUESTIONS.read_text("utf-8")))
        foreign = Foreign(best(texts), kinds, spoken)
        public = (text for text, shown in zip(corpus.texts(), allowed, strict=True) if shown)
        derived = derived_questions(public)
        bounds = bounds_of(foreign, best(derived), languages)
        for text in derived:  # which will be others the next time
            self._vectors.pop(text, None)
        return bounds

    def _best(self, corpus: Corpus, allowed: NDArray[np.bool_], texts: Sequence[str]) -> NDArray[np.float32]:
        """The score of what each text is nearest to."""
        vectors = self._embedded(texts, corpus.arrays.vectors.shape[1])
        return np.array([nearness(corpus.arrays, vector)[allowed].max() for vector in vectors], np.float32)

    def _embedded(self, texts: Sequence[str], width: int) -> list[NDArray[np.float32]]:
        """What was embedded stays for the next try: a server that is busy now and then would fail a few of so many each time."""
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        refused = 0
        for start in range(0, len(new), _AT_ONCE):
            some = new[start : start + _AT_ONCE]
            for text, vector in zip(some, self._taken(some), strict=True):
                refused += vector is None
                self._vectors[text] = np.zeros(width, np.float32) if vector is None else vector
        if refused > _MOST_REFUSED * len(texts):
            raise KnowledgeUnavailable(f"the model refuses {refused} of {len(texts)} questions")
        return [self._vectors[text] for text in texts]

    def _taken(self, texts: Sequence[str]) -> list[NDArray[np.float32] | None]:
        """None for a text that the model never takes: it is near nothing."""
        try:
            return list(self.embed(texts))
        except TextRefused:
            return [None] if len(texts) == 1 else [self._taken([text])[0] for text in texts]

    def _kept(self, keeper: Keeper | None) -> tuple[Sketch, Bounds] | None:
        try:
            found = json.loads((keeper and keeper.read(self.key)) or "null")
            if not found:
                return None
            seen = Sketch(int(found["count"]), [int(each) for each in found["smallest"]])
            return seen, Bounds(float(found["answer"]), float(found["doubt"]))
        except (ValueError, KeyError, TypeError):
            return None
