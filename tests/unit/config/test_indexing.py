"""What a hub asks of the knowledge base at its start, and what when somebody runs the command."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from config.knowledge.indexing import Indexing
from config.knowledge.knowledge_parts import sample_stands_in
from config.processes.election import Election
from config.settings import read_settings
from core.agent.lookup import Lookup
from core.agent.settings import AgentSettings
from core.domain.errors import InvalidInput, KnowledgeUnavailable
from core.domain.knowledge import IndexReport, Passage, Retrieval
from core.ports.metrics import Metrics, NoMetrics
from knowledge.index.order import Origin
from knowledge.open import SAMPLE, Knowledge
from knowledge.sources import Catalog
from knowledge.sources.refresh import Refresh, Refreshed, Turn
from tests.contract.responders.world import SteppingClock
from tests.patience import PATIENCE
from tests.unit.config.leases import Leases
from tests.unit.core.eventually import eventually

WARRANTY = Passage("p1", "d1", "Kettle", "The warranty is 37 months.", "docs/kettle.md", 0.7)


class Orders:
    """A knowledge base that writes down what it is asked for."""

    def __init__(self) -> None:
        self.retriever = self
        self.writer = self
        self.refresh = Refresh(Catalog())
        self.documents = 1
        self.seen: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.closed: list[tuple[str, ...]] = []

    async def start(self) -> None: ...

    async def warm(self) -> None: ...

    async def close(self) -> None: ...

    def health(self) -> Orders:
        return self

    async def index(self, paths: tuple[str, ...], **order: Any) -> IndexReport:
        order.pop("progress", None)
        self.seen.append((tuple(paths), order))
        return IndexReport(0, 0, 0, 0)

    async def close_for_staff(self, paths: Sequence[str]) -> int:
        self.closed.append(tuple(paths))
        return len(paths)

    async def forget(self, _paths: Sequence[str]) -> IndexReport:
        return IndexReport(0, 0, 1, 0)


@pytest.mark.parametrize("shared", [False, True])
async def test_a_start_touches_neither_what_was_named_nor_what_others_search(shared: bool) -> None:
    orders = Orders()
    indexing = Indexing(
        cast("Knowledge", orders), ["./docs"], cast("Metrics", None), stand_in="./sample", shared=shared
    )
    await indexing.start()
    await indexing.first_run()
    await indexing.run(["./more"])
    await indexing.run([], confirm_deletions=True)

    start = {"origin": Origin.CONFIGURED, "stand_in": "./sample", "confirm_deletions": False, "only": ()}
    command = {**start, "drop_other_models": True}
    assert orders.seen == [
        (("./docs",), {**start, "drop_other_models": not shared}),
        (("./more",), {**command, "origin": Origin.NAMED}),
        (("./docs",), {**command, "confirm_deletions": True}),
    ]


class Patient(Orders):
    """Indexes until it is told that it is done; ``documents`` are in the index afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.documents = 0
        self.done = asyncio.Event()

    async def index(self, paths: tuple[str, ...], **order: Any) -> IndexReport:
        report = await super().index(paths, **order)
        await self.done.wait()
        return report


async def test_of_several_processes_that_share_an_index_one_fills_it_and_the_others_wait() -> None:
    leases, knowledge = Leases(), [Patient() for _ in range(3)]
    hubs = [
        Indexing(
            cast("Knowledge", each), ["./docs"], cast("Metrics", None), shared=True, election=Election(leases, f"p{n}")
        )
        for n, each in enumerate(knowledge)
    ]
    for hub in hubs:
        await hub.start()
    await eventually(lambda: leases.asked == {"p0", "p1", "p2"})
    await eventually(lambda: any(each.seen for each in knowledge))
    assert sorted(len(each.seen) for each in knowledge) == [0, 0, 1]
    assert all(hub.filling for hub in hubs), "nobody says that there is nothing while it is being read"
    for each in knowledge:
        each.done.set()
    for hub in hubs:
        await hub.first_run()
    assert sorted(len(each.seen) for each in knowledge) == [1, 1, 1], "each sees for itself that it is all there"
    assert leases.holder is None
    assert not any(hub.filling for hub in hubs)


class Beside(Patient):
    """Holds documents from before, such as the sample's; what it is told to read is found when that is done."""

    def __init__(self) -> None:
        super().__init__()
        self.documents = 7

    async def retrieve(self, query: str, **_: object) -> Retrieval:
        return Retrieval((WARRANTY,) if self.done.is_set() and "warranty" in query else (), 0.4)


@pytest.mark.parametrize(("question", "found"), [("How long is the warranty?", (WARRANTY,)), ("Bicycles?", ())])
async def test_a_question_waits_for_documents_that_are_read_beside_others(
    question: str, found: tuple[Passage, ...]
) -> None:
    """After a start with other sources, or one that was killed, the index is not empty and says nothing all the same."""
    beside, clock = Beside(), SteppingClock()
    hub = Indexing(cast("Knowledge", beside), ["./docs"], NoMetrics())
    await hub.start()
    await eventually(lambda: bool(beside.seen))
    lookup = Lookup(hub.retriever, clock, AgentSettings(knowledge_wait_seconds=60.0, knowledge_poll_seconds=1.0))
    with pytest.raises(KnowledgeUnavailable, match="still being read"):
        await lookup.find(question)
    assert len(clock.slept) == 60, "it waits, and no longer than it may"
    beside.done.set()
    assert (await lookup.find(question)).passages == found
    await hub.first_run()


async def test_what_is_for_staff_now_is_closed_before_another_process_has_ended_its_run() -> None:
    """It may be at it for hours, and customers would find what nobody may show them any more."""
    leases, orders = Leases(), Orders()
    leases.holder = "another process"
    hub = Indexing(cast("Knowledge", orders), ["./docs"], cast("Metrics", None), election=Election(leases, "p0"))
    await hub.start()
    await eventually(lambda: leases.refused == {"p0"})
    assert orders.closed == [("./docs",)]
    assert orders.seen == []
    await hub.stop()


async def test_a_process_that_stops_while_it_indexes_leaves_the_rest_to_another() -> None:
    leases, first = Leases(), Patient()
    hub = Indexing(cast("Knowledge", first), ["./docs"], cast("Metrics", None), election=Election(leases, "p0"))
    await hub.start()
    await eventually(lambda: bool(first.seen))
    assert leases.holder == "p0"
    await hub.stop()
    assert leases.holder is None


class Faulty(Orders):
    """Fails as often as there are faults, then indexes. Knows whether it was closed."""

    def __init__(self, *faults: Exception) -> None:
        super().__init__()
        self.documents = 0
        self.faults = list(faults)
        self.closed = False

    async def warm(self) -> None:
        if self.faults:
            raise self.faults.pop(0)

    async def close(self) -> None:
        self.closed = True


async def test_a_first_run_is_tried_again_until_the_knowledge_is_ready() -> None:
    knowledge = Faulty(*[KnowledgeUnavailable("still loading")] * 3)
    hub = Indexing(cast("Knowledge", knowledge), ["./docs"], cast("Metrics", None), pause=0.0)
    await hub.start()
    await hub.first_run()
    await eventually(lambda: not hub.filling)
    assert [paths for paths, _ in knowledge.seen] == [("./docs",)]
    await hub.stop()


async def test_a_first_run_that_failed_oddly_keeps_nobody_from_stopping() -> None:
    knowledge = Faulty(ZeroDivisionError())
    hub = Indexing(cast("Knowledge", knowledge), ["./docs"], cast("Metrics", None))
    await hub.start()
    await hub.first_run()
    assert not hub.filling
    await hub.stop()
    assert knowledge.closed


def test_only_a_sample_that_nobody_asked_for_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sample_stands_in(read_settings()) == str(SAMPLE)
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "sample,./docs")
    assert sample_stands_in(read_settings()) is None


class Crawling(Orders):
    """Has a site to fetch, which takes as long as somebody says."""

    def __init__(self) -> None:
        super().__init__()
        self.documents = 0
        self.refresh = self  # type: ignore[assignment]
        self.fetched = asyncio.Event()
        self.fetching: list[list[str]] = []

    def remote(self, roots: Sequence[str]) -> list[str]:
        """Addresses."""
        return [root for root in roots if root.startswith("https://")]

    async def run(
        self, roots: Sequence[str], progress: object = None, since: float | None = None, turn: Turn | None = None
    ) -> list[Refreshed]:
        """See Refresh.run."""
        self.fetching.append(list(roots))
        await self.fetched.wait()
        return []

    async def index(self, paths: tuple[str, ...], **order: Any) -> IndexReport:
        """Finds something in folders."""
        self.documents = sum(not path.startswith("https://") for path in paths)
        return await super().index(paths, **order)


@pytest.mark.parametrize(
    ("sources", "filling"), [(["./docs", "https://a.example/"], False), (["https://a.example/"], True)]
)
async def test_what_was_read_answers_while_a_site_is_fetched_for_the_first_time(
    sources: list[str], filling: bool
) -> None:
    crawling = Crawling()
    hub = Indexing(cast("Knowledge", crawling), sources, cast("Metrics", None))
    await hub.start()
    await eventually(lambda: bool(crawling.fetching))
    assert hub.filling is filling
    crawling.fetched.set()
    await hub.first_run()
    assert not hub.filling


class OthersFetch(Leases):
    """Somebody else fetches, for hours."""

    async def hold(self, name: str, holder: str, seconds: float) -> bool:
        """See Leases.hold."""
        return not name.startswith("crawl of ") and await super().hold(name, holder, seconds)


async def test_a_folder_does_not_wait_for_somebodys_crawl() -> None:
    crawling = Crawling()
    hub = Indexing(cast("Knowledge", crawling), [], cast("Metrics", None), election=Election(OthersFetch(), "p0"))
    async with asyncio.timeout(PATIENCE):
        await hub.run(["./docs"])
    assert len(crawling.seen) == 1
    assert crawling.fetching == []


class Fetched(Crawling):
    """Each fetch brings something new."""

    async def run(
        self, roots: Sequence[str], progress: object = None, since: float | None = None, turn: Turn | None = None
    ) -> list[Refreshed]:
        """See Refresh.run."""
        return [Refreshed(root, True, 1) for root in roots]


@pytest.mark.parametrize("shared", [False, True])
async def test_what_other_models_left_in_a_shared_index_stays_also_after_something_was_fetched(shared: bool) -> None:
    """Hubs with the old model may still be searching there."""
    unread = Unread()
    hub = Indexing(cast("Knowledge", unread), ["https://quick.example/"], cast("Metrics", None), shared=shared)
    await hub.start()
    await hub.first_run()
    whole = [order["drop_other_models"] for _, order in unread.seen if not order["only"]]
    assert whole == [not shared] * 2


async def test_an_answer_that_is_withdrawn_takes_no_other_models_index_with_it() -> None:
    orders = Orders()
    hub = Indexing(cast("Knowledge", orders), ["./docs"], cast("Metrics", None), stand_in="./sample", shared=True)
    await hub.drop("desk://learned")
    assert [order["drop_other_models"] for _, order in orders.seen] == [False]


class Slow(Fetched):
    """The crawl of one of its sites takes as long as somebody says."""

    async def run(
        self, roots: Sequence[str], progress: object = None, since: float | None = None, turn: Turn | None = None
    ) -> list[Refreshed]:
        """See Refresh.run."""
        if "https://slow.example/" in roots:
            await self.fetched.wait()
        return await super().run(roots)


async def test_what_came_is_read_and_what_is_here_has_its_turn_while_another_site_is_crawled() -> None:
    """A crawl may take hours, and nobody may wait for it who need not."""
    slow = Slow()
    sources = ["https://slow.example/", "./docs", "https://quick.example/"]
    hub = Indexing(cast("Knowledge", slow), sources, cast("Metrics", None))
    await hub.start()
    async with asyncio.timeout(PATIENCE):
        await hub.first_pass()
    await eventually(lambda: len(slow.seen) == 2)
    assert slow.seen[-1][1]["only"] == ["https://quick.example/"]
    assert not slow.fetched.is_set()
    slow.fetched.set()
    await hub.first_run()
    only = [order["only"] for _, order in slow.seen]
    assert only == [(), ["https://quick.example/"], ["https://slow.example/"], ()]


async def test_what_came_may_say_of_other_sources_what_is_for_whom() -> None:
    """A list of pages for staff is shorter now: those of a site where nothing else has changed are opened."""
    slow = Slow()
    hub = Indexing(cast("Knowledge", slow), ["./docs", "https://quick.example/"], cast("Metrics", None))
    await hub.start()
    await hub.first_run()
    assert [order["only"] for _, order in slow.seen] == [(), ["https://quick.example/"], ()]


class Unread(Slow):
    """What was not fetched yet cannot be read; later on it can."""

    async def index(self, paths: tuple[str, ...], **order: Any) -> IndexReport:
        """Fails of what is elsewhere, the first time."""
        first = not self.seen
        await super().index(paths, **order)
        return IndexReport(0, 0, 0, 0, (("https://quick.example/", "was not fetched yet"),) if first else ())


async def test_what_other_models_left_goes_once_everything_has_come() -> None:
    unread = Unread()
    hub = Indexing(cast("Knowledge", unread), ["./docs", "https://quick.example/"], cast("Metrics", None))
    await hub.start()
    await hub.first_run()
    assert [(order["only"], order["drop_other_models"]) for _, order in unread.seen] == [
        ((), True),
        (["https://quick.example/"], True),
        ((), True),
    ]


async def test_what_is_added_is_indexed_by_itself() -> None:
    orders = Orders()
    hub = Indexing(cast("Knowledge", orders), ["./docs"], cast("Metrics", None))
    await hub.add("./desk.faq.yaml")
    [(paths, order)] = orders.seen
    assert paths == ("./docs", "./desk.faq.yaml")
    assert order["only"] == ["./desk.faq.yaml"]


async def test_closed_tickets_are_read_where_they_are_configured_and_not_where_somebody_names_them() -> None:
    """What is named is not read again by itself: it would keep what the database has erased."""
    orders = Orders()
    indexing = Indexing(cast("Knowledge", orders), ["./docs", "tickets://closed"], cast("Metrics", None))
    with pytest.raises(InvalidInput, match="knowledge_source"):
        await indexing.run(["./more", "tickets://closed"])
    assert orders.seen == []
    await indexing.run([])
    assert len(orders.seen) == 1
