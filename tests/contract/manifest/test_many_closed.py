"""Many documents that keep something for staff now: each is closed at once, and whoever answers takes few epochs for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import Chunk
from knowledge.index.reader import Reader
from knowledge.index.snapshot import Snapshot
from knowledge.index.writing import IndexWriter
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from tests.contract.conftest import BOTH_DATABASES
from tests.integration.knowledge.index_bench import Bench, vector

pytestmark = BOTH_DATABASES

_MANY = 12
_ENTRY = (
    "- question: Margin {0}?\n  answer: Of {0} forty percent.\n{1}- question: Open {0}?\n  answer: {0} from nine.\n"
)


class Answering:
    """A reader that goes along with the runs of a bench, the epochs that it has taken, and what customers find in them."""

    def __init__(self, bench: Bench) -> None:
        self.epochs: list[int] = []
        self.reader: Reader[Snapshot] = Reader(bench.client, bench.index().manifest, self._prepare)
        self.epochs.clear()
        bench.committed = self.reader.refresh

    def _prepare(self, snapshot: Snapshot) -> Snapshot:
        self.epochs.append(snapshot.epoch)
        return snapshot

    def found(self, word: str) -> int:
        """How many passages with the word."""
        passages = search(self.reader.current, None, "x", vector("x"), Filters(KnowledgeAudience.PUBLIC), 100)
        return sum(word in passage.content for passage in passages)


@pytest.fixture
def answering(bench: Bench) -> Answering:
    write(bench, "")
    bench.run()
    found = Answering(bench)
    assert (found.found("forty"), found.found("from nine")) == (_MANY, _MANY)
    write(bench, "  audience: staff\n")
    return found


def write(bench: Bench, more: str) -> None:
    for number in range(_MANY):
        (bench.folder / f"{number:02}-faq.yaml").write_text(_ENTRY.format(number, more))


def test_each_is_hidden_at_once_and_they_are_taken_together(
    bench: Bench, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow, left = IndexWriter.narrow, []

    def looking(index: IndexWriter, identity: str, chunks: Sequence[Chunk]) -> bool:
        closed = narrow(index, identity, chunks)
        left.append((answering.found("forty"), answering.found("from nine")))
        return closed

    monkeypatch.setattr(IndexWriter, "narrow", looking)

    bench.run()

    assert left == [(_MANY - number - 1, _MANY) for number in range(_MANY)]
    assert len(answering.epochs) <= 2
    assert (answering.found("forty"), answering.found("from nine")) == (0, _MANY)


def test_they_are_taken_now_and_then_while_a_run_goes_on(
    bench: Bench, answering: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = IndexWriter.narrow

    def slowly(index: IndexWriter, *found: Any) -> bool:
        bench.seconds += 1
        return narrow(index, *found)

    monkeypatch.setattr(IndexWriter, "narrow", slowly)

    bench.run()

    assert 3 <= len(answering.epochs) <= _MANY / 2


def test_a_run_that_fails_leaves_none_of_them_behind(bench: Bench, answering: Answering) -> None:
    (bench.folder / "zz.md").write_text("# New\n\nWhat has to be embedded.")
    bench.break_after = 0

    with pytest.raises(RuntimeError, match="plug"):
        bench.run()

    assert answering.reader.epoch == bench.index().manifest.pointer().epoch
    assert (answering.found("forty"), answering.found("from nine")) == (0, _MANY)


def test_closing_takes_nothing_from_an_epoch_that_is_still_searched(bench: Bench, answering: Answering) -> None:
    old, manifest = answering.reader.current, bench.index().manifest
    for identity in manifest.documents():
        assert manifest.close([identity])

    assert manifest.pointer().epoch > answering.reader.epoch + _MANY
    assert {passage.audience for passage in old.passages(range(len(old.rows)))} == {KnowledgeAudience.STAFF}
