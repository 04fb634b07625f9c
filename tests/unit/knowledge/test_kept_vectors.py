"""A text that stays the same is embedded once, whoever asks for it first and whatever it is asked for with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from knowledge.embed.kept_vectors import KeptVectors
from tests.unit.knowledge.bag_of_words import embed

_TEXTS = [f"question {number}" for number in range(40)]


class Model:
    """Writes down what it embeds; one that is away embeds nothing."""

    def __init__(self) -> None:
        self.embedded: list[str] = []
        self.away = False

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self.away:
            raise ConnectionError
        self.embedded.extend(texts)
        return embed(texts)


def test_what_is_known_is_not_embedded_again_and_the_order_stays(tmp_path: Path) -> None:
    model = Model()
    kept = KeptVectors(model, tmp_path, "words", _TEXTS)
    assert kept.embed([]).shape[0] == 0
    kept.embed([_TEXTS[7]])
    kept.prepare()
    assert sorted(model.embedded) == sorted(_TEXTS)
    model.embedded.clear()
    asked = ["another", _TEXTS[3], "another", _TEXTS[1]]
    for _ in range(2):
        np.testing.assert_array_equal(kept.embed(asked), embed(asked))
    assert model.embedded == ["another", "another"], "only of what stays the same a vector is kept"


def test_the_next_start_embeds_nothing(tmp_path: Path) -> None:
    KeptVectors(Model(), tmp_path, "words", _TEXTS).prepare()
    model = Model()
    again = KeptVectors(model, tmp_path, "words", _TEXTS)
    again.prepare()
    np.testing.assert_array_equal(again.embed(_TEXTS), embed(_TEXTS))
    assert model.embedded == []


def test_a_model_that_was_away_is_asked_again(tmp_path: Path) -> None:
    model = Model()
    model.away = True
    kept = KeptVectors(model, tmp_path, "words", _TEXTS)
    with pytest.raises(ConnectionError):
        kept.prepare()
    assert not list(tmp_path.iterdir())
    model.away = False
    kept.prepare()
    assert sorted(model.embedded) == sorted(_TEXTS)
