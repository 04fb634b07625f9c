"""Talk is told from questions by its nearest example, and only when the examples are embedded."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.talk.talk import Talk
from tests.unit.knowledge.bag_of_words import embed


def test_the_nearest_example_says_what_it_is(tmp_path: Path) -> None:
    talk = Talk(embed, tmp_path, "words")
    [down, parcel] = embed(["the app is down", "where is my parcel"])
    assert talk.kind_of(down, 0.0) is None
    talk.prepare()
    assert talk.kind_of(down, 0.0) == "outage"
    assert talk.kind_of(down, 1.1) is None
    assert talk.kind_of(parcel, 0.0) is None
    assert talk.kind_of(down[:8], 0.0) is None


def test_examples_are_embedded_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def counting(texts: Sequence[str]) -> NDArray[np.float32]:
        asked.append(len(texts))
        return embed(texts)

    Talk(counting, tmp_path, "words").prepare()
    before = len(asked)
    Talk(counting, tmp_path, "words").prepare()
    assert len(asked) == before
    Talk(counting, tmp_path, "others").prepare()
    assert len(asked) == 2 * before
    for kept in tmp_path.iterdir():
        kept.write_bytes(b"")
    Talk(counting, tmp_path, "words").prepare()
    assert len(asked) == 3 * before


def test_without_a_place_to_keep_them_it_works_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    talk = Talk(embed, tmp_path / "file", "words")
    talk.follow(threading.Event())
    [down] = embed(["the app is down"])
    assert talk.kind_of(down, 0.0) == "outage"
