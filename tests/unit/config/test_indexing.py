"""What a hub asks of the knowledge base at its start, and what when somebody runs the command."""

from __future__ import annotations

from typing import Any, cast

import pytest

from config.indexing import Indexing
from config.parts import sample_stands_in
from config.settings import read_settings
from core.domain.knowledge import IndexReport
from core.ports.metrics import Metrics
from knowledge.index.order import Origin
from knowledge.open import SAMPLE, Knowledge


class Orders:
    """A knowledge base that writes down what it is asked for."""

    def __init__(self) -> None:
        self.retriever = self
        self.writer = self
        self.documents = 1
        self.seen: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    async def start(self) -> None: ...

    async def warm(self) -> None: ...

    def health(self) -> Orders:
        return self

    async def index(self, paths: tuple[str, ...], **order: Any) -> IndexReport:
        order.pop("progress", None)
        self.seen.append((tuple(paths), order))
        return IndexReport(0, 0, 0, 0)


@pytest.mark.parametrize("shared", [False, True])
async def test_a_start_touches_neither_what_was_named_nor_what_others_search(shared: bool) -> None:
    orders = Orders()
    indexing = Indexing(
        cast("Knowledge", orders), ["./docs"], cast("Metrics", None), stand_in="./sample", shared=shared
    )
    await indexing.start()
    await indexing.first_run()
    await indexing.run(["./more"])
    await indexing.run([])

    start = {"origin": Origin.CONFIGURED, "stand_in": "./sample", "drop_other_models": not shared}
    assert orders.seen == [
        (("./docs",), start),
        (("./more",), {"origin": Origin.NAMED, "stand_in": "./sample"}),
        (("./docs",), {"origin": Origin.CONFIGURED, "stand_in": "./sample"}),
    ]


def test_only_a_sample_that_nobody_asked_for_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample_stands_in(read_settings()) == str(SAMPLE)
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "sample,./docs")
    assert sample_stands_in(read_settings()) is None
