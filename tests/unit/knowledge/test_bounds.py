"""From which score on a knowledge base is quoted: measured for each, from what must stay below and what should stay above."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.domain.errors import ConfigError, KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from knowledge.calibrate import calibrator as module
from knowledge.calibrate.bounds import Bounds, Foreign, bounds_of, by_kind, labelled_bounds
from knowledge.calibrate.calibrator import Calibrator
from knowledge.calibrate.derived import MOST, derived_questions
from knowledge.calibrate.labelled import LabelledQuestions, read_labelled
from knowledge.documents import Chunk
from knowledge.embed.embedder import TextRefused
from knowledge.search.corpus import PassageText
from knowledge.search.memory import MemoryCorpus, memory_corpus
from tests.unit.knowledge.bag_of_words import embed

QUESTIONS = by_kind(json.loads(Path(module.__file__).with_name("out_of_scope.json").read_text("utf-8")))[0]


class Counting:
    """An embedder that knows how many texts it was given."""

    def __init__(self) -> None:
        self.texts = 0

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        return embed(texts)


class Kept(dict[str, str]):
    """What is kept of bounds, by its key."""

    def read(self, key: str) -> str | None:
        return self.get(key)

    def write(self, key: str, measured: str) -> None:
        self[key] = measured


def corpus(
    count: int, audience: KnowledgeAudience = KnowledgeAudience.PUBLIC, more: Sequence[str] = ()
) -> MemoryCorpus:
    chunks = [f"Lamp number {n} is blue and costs {n} euros in every shop of ours." for n in range(count)] + [*more]
    return memory_corpus([("a.md", [Chunk("Lamps", text, (text,), audience=audience) for text in chunks])], embed)


def foreign(chat: Sequence[float], far: Sequence[float], german: Sequence[float] = ()) -> Foreign:
    kinds = ["chat"] * len(chat) + ["far"] * len(far) + ["chat"] * len(german)
    languages = ["en"] * (len(chat) + len(far)) + ["de"] * len(german)
    return Foreign(np.array([*chat, *far, *german], np.float32), kinds, languages)


def test_small_talk_stays_below_the_threshold() -> None:
    chat = np.linspace(0.1, 0.4, 100)
    found = bounds_of(foreign(chat, [0.2] * 50), np.full(90, 0.8, np.float32), ["en"])

    assert (chat >= found.answer).mean() == 0
    assert found.doubt < found.answer < 0.6


def test_another_trade_that_is_this_very_one_does_not_raise_it() -> None:
    ordinary = bounds_of(foreign([0.3] * 50, [0.2] * 100), np.zeros(0, np.float32), [])
    hotel = bounds_of(foreign([0.3] * 50, [0.2] * 90 + [0.9] * 10), np.zeros(0, np.float32), [])

    assert hotel == ordinary


def test_texts_of_one_language_are_near_one_another() -> None:
    scores = foreign([0.3] * 50, [0.2] * 50, [0.45] * 12)
    known = np.full(50, 0.9, np.float32)

    assert bounds_of(scores, known, ["de"]).answer > 0.45 > bounds_of(scores, known, ["en", "fr"]).answer


def test_a_knowledge_base_about_small_talk_still_answers() -> None:
    known = np.full(90, 0.7, np.float32)

    assert bounds_of(foreign([0.95] * 50, [0.2] * 50), known, ["en"]).answer <= 0.6


def test_labelled_questions_decide() -> None:
    inside = np.linspace(0.4, 0.9, 101).astype(np.float32)
    low, high = np.full(50, 0.1, np.float32), np.full(50, 0.85, np.float32)

    kept, strict = labelled_bounds(inside, low), labelled_bounds(inside, high)

    assert (inside >= kept.answer).mean() >= 0.97
    assert 0.88 <= (inside >= strict.answer).mean() <= 0.91
    assert labelled_bounds(inside, np.zeros(0, np.float32)).answer == strict.answer


def test_questions_are_derived_from_the_middle_of_passages() -> None:
    faq = PassageText("Q", None, "How long does it take?\n\nIt takes two weeks in all cases. It is free.", unit=True)
    prose = PassageText("T", None, "Short. **Blue** lamps are sold in all of our shops. Ends.")

    assert set(derived_questions([faq, prose, PassageText("T", None, "7")])) == {
        "It takes two weeks in all cases.",
        "Blue lamps are sold in all of our shops.",
    }


def test_the_same_questions_are_derived_in_whatever_order_the_documents_come() -> None:
    """Rows are ordered by the documents' ids, and those of files by where they lie."""
    many = [PassageText("T", None, f"Lamp number {number} is sold in all of our shops.") for number in range(3 * MOST)]
    found = derived_questions(many)

    assert len(found) == MOST
    assert derived_questions(reversed(many)) == found


def test_it_is_measured_again_only_when_the_knowledge_has_grown() -> None:
    kept = Kept()
    counting = Counting()
    first = Calibrator(counting, "model").bounds(corpus(100), ["en"], kept)
    measured = counting.texts

    assert Calibrator(counting, "model").bounds(corpus(110), ["en"], kept) == first
    assert counting.texts == measured
    Calibrator(counting, "model").bounds(corpus(200), ["en"], kept)
    again = counting.texts
    assert again > measured
    Calibrator(counting, "another model").bounds(corpus(200), ["en"], kept)
    assert counting.texts > again


def test_it_is_measured_again_when_other_documents_came_in_the_place_of_as_many() -> None:
    kept = Kept()
    counting = Counting()
    Calibrator(counting, "model").bounds(corpus(200), ["en"], kept)
    measured = counting.texts

    Calibrator(counting, "model").bounds(corpus(180, more=[f"Rope {n}" for n in range(20)]), ["en"], kept)
    assert counting.texts == measured
    Calibrator(counting, "model").bounds(corpus(120, more=[f"Rope {n}" for n in range(80)]), ["en"], kept)
    assert counting.texts > measured


def test_what_cannot_be_understood_is_measured_anew() -> None:
    kept = Kept()
    expected = Calibrator(embed, "model").bounds(corpus(50), ["en"], kept)
    kept.update(dict.fromkeys(kept, "{"))

    assert Calibrator(embed, "model").bounds(corpus(50), ["en"], kept) == expected


def test_of_two_who_measure_the_same_the_first_counts() -> None:
    """Servers answer a little differently each time, and all processes shall turn away the same questions."""
    kept = Kept()

    def slow(texts: Sequence[str]) -> NDArray[np.float32]:
        if not kept:
            Calibrator(embed, "model").bounds(corpus(50), ["en"], kept)
        return embed([f"noise {text}" for text in texts])

    found = Calibrator(slow, "model").bounds(corpus(50), ["en"], kept)

    assert found == Calibrator(embed, "model").bounds(corpus(50), ["en"])


def test_staff_passages_say_nothing_of_what_customers_may_read() -> None:
    staff = corpus(50, KnowledgeAudience.STAFF)

    assert Calibrator(embed, "model").bounds(staff, ["en"]) == Calibrator(embed, "model").bounds(corpus(0), [])


def test_labels_of_a_company_come_first() -> None:
    labelled = LabelledQuestions(("what does lamp number 7 cost", "is lamp 3 blue"), ("hello there",))

    found = Calibrator(embed, "model", labelled=labelled).bounds(corpus(50), ["en"])

    assert found != Calibrator(embed, "model").bounds(corpus(50), ["en"])


def test_labels_are_read_and_faults_are_named(tmp_path: Path) -> None:
    (tmp_path / "queries.jsonl").write_text('{"id": "1", "text": "one?"}\n\n{"id": "2", "text": "two?"}\n')
    assert read_labelled(tmp_path) == LabelledQuestions(("one?", "two?"), ())
    (tmp_path / "oos.jsonl").write_text('{"id": "1", "text": "hi"}\n{"id": "2"}\n')
    with pytest.raises(ConfigError, match="line 2: text is missing"):
        read_labelled(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_labelled(tmp_path / "nowhere")


def test_three_bands() -> None:
    def passage(score: float) -> Passage:
        return Passage(str(score), "d", "T", "C", "s", score)

    found = Retrieval((passage(0.6), passage(0.4), passage(0.2)), threshold=0.5, doubt=0.3)

    assert [p.score for p in found.supported] == [0.6]
    assert [p.score for p in found.doubtful] == [0.4]
    assert Retrieval(found.passages, 0.5).doubtful == ()
    assert Bounds(0.5, 0.3).answer == found.threshold


class Busy(Counting):
    """An embedding server that refuses each request after so many others."""

    def __init__(self, answered: int) -> None:
        super().__init__()
        self.answered = answered

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not self.answered:
            self.answered = 10
            raise KnowledgeUnavailable("429")
        self.answered -= 1
        return super().__call__(texts)


def test_bounds_that_could_not_be_measured_say_so_and_are_measured_bit_by_bit() -> None:
    kept = Kept()
    """A server that is busy now and then would otherwise fail one request of each try, for ever."""
    expected = Calibrator(embed, "model").bounds(corpus(100), ["en"])
    busy = Busy(0)
    calibrator = Calibrator(busy, "model")

    assert calibrator.bounds(corpus(100), ["en"], kept).provisional
    assert not kept, "and are not kept for the next start"
    tries = 1
    while (found := calibrator.bounds(corpus(100), ["en"], kept)).provisional:
        tries += 1
        assert tries < 10
    assert found == expected
    assert busy.texts == len(set(QUESTIONS)) + 96, "nothing was embedded twice"
    assert calibrator.bounds(corpus(100), ["en"], kept) == expected


def test_the_bounds_of_before_stand_in_and_say_so() -> None:
    kept = Kept()
    before = Calibrator(embed, "model").bounds(corpus(100), ["en"], kept)

    found = Calibrator(Busy(0), "model").bounds(corpus(200), ["en"], kept)

    assert (found.answer, found.doubt, found.provisional) == (before.answer, before.doubt, True)


def test_a_text_that_the_server_never_takes_is_left_out() -> None:
    def refusing(texts: Sequence[str]) -> NDArray[np.float32]:
        if QUESTIONS[7] in texts:
            raise TextRefused("a content filter")
        return embed(texts)

    expected = Calibrator(embed, "model").bounds(corpus(100), ["en"])
    found = Calibrator(refusing, "model").bounds(corpus(100), ["en"])
    assert not found.provisional
    assert found.answer == pytest.approx(expected.answer, abs=0.01)


def test_a_server_that_takes_hardly_any_text_measures_nothing() -> None:
    def refusing(texts: Sequence[str]) -> NDArray[np.float32]:
        raise TextRefused("a content filter")

    assert Calibrator(refusing, "model").bounds(corpus(100), ["en"]).provisional
