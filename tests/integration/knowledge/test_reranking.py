"""The second look at what a search found: by a server of either kind, and never at the cost of an answer."""

from __future__ import annotations

import threading
from collections import Counter as Tally
from collections.abc import AsyncIterator, Iterator, Sequence
from importlib.metadata import EntryPoint, EntryPoints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.knowledge.reranking import reranking
from config.settings import Settings
from core.domain.errors import ConfigError, KnowledgeUnavailable
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.ports.metrics import Counter, Gauge, NoMetrics, Timing
from knowledge.rerank import third_party
from knowledge.rerank.retriever import CANDIDATES, RerankedRetriever
from tests.integration.knowledge.rerank_server import KEY, MODEL, RerankServer, running

THRESHOLD = 0.5


def passage(number: int, score: float, text: str = "") -> Passage:
    return Passage(f"p{number}", "d", "Animals", text or f"Nothing {number}", "a.md", score, section="Sea")


FOUND = (
    passage(1, 0.9),
    passage(2, 0.8, "An otter."),
    passage(3, 0.7, "Otter, otter and otter."),
    passage(4, 0.4, "Otter otter otter otter otter."),
)


class Search:
    """A Retriever over what it is given; remembers how much was asked for."""

    def __init__(self, passages: Sequence[Passage] = FOUND) -> None:
        self.passages = tuple(passages)
        self.limits: list[int] = []

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        if not query:
            raise KnowledgeUnavailable("away")
        self.limits.append(limit)
        return Retrieval(self.passages[:limit], THRESHOLD, 0.3)

    async def ready(self) -> bool:
        return True


class Counted:
    """Metrics that remember the outcomes of second looks."""

    def __init__(self) -> None:
        self.outcomes: Tally[str] = Tally()

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None:
        assert counter is Counter.RERANKS
        self.outcomes[labels["outcome"]] += 1

    def observe(self, timing: Timing, seconds: float, **labels: str) -> None: ...

    def gauge(self, gauge: Gauge, value: float, **labels: str) -> None: ...


@pytest.fixture
def server() -> Iterator[RerankServer]:
    with running() as found:
        yield found


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
async def cohere(server: RerankServer, counted: Counted) -> AsyncIterator[RerankedRetriever]:
    found = over(Search(), counted, reranker_url=f"{server.base}/v2/rerank", reranker_api_key=KEY, reranker_model=MODEL)
    yield found
    await found.aclose()


def over(search: Search, counted: Counted, **settings: object) -> RerankedRetriever:
    rerank = reranking(Settings(**{"reranker_seconds": 5.0, **settings}), counted)  # type: ignore[arg-type]
    assert rerank is not None
    return rerank(search)


async def names(retriever: RerankedRetriever, limit: int = 5) -> list[str]:
    return [one.id for one in (await retriever.retrieve("What do otters eat?", limit=limit)).passages]


async def test_coheres_body_puts_passages_into_the_servers_order(
    cohere: RerankedRetriever, server: RerankServer, counted: Counted
) -> None:
    assert await names(cohere) == ["p3", "p2", "p1", "p4"]
    assert server.requests[0]["documents"][1] == "Animals › Sea\nAn otter."
    assert counted.outcomes == {"done": 1}


async def test_text_embeddings_inference_has_a_body_of_its_own(server: RerankServer, counted: Counted) -> None:
    retriever = over(Search(), counted, reranker_url=f"{server.base}/rerank")
    assert await names(retriever) == ["p3", "p2", "p1", "p4"]
    assert server.requests[0]["truncate"] is True
    await retriever.aclose()


async def test_more_is_looked_at_than_is_asked_for_and_never_more_than_servers_take(
    server: RerankServer, counted: Counted
) -> None:
    many = [passage(number, 0.9, "otter " * number) for number in range(60)]
    search = Search(many)
    retriever = over(search, counted, reranker_url=f"{server.base}/rerank")
    assert await names(retriever, 2) == ["p23", "p22"]
    assert len(await names(retriever, 50)) == 50
    assert [len(request["texts"]) for request in server.requests] == [CANDIDATES, CANDIDATES]
    assert search.limits == [CANDIDATES, 50]
    await retriever.aclose()


async def test_whether_there_is_an_answer_stays_for_the_search_to_say(server: RerankServer, counted: Counted) -> None:
    low = Search([passage(1, 0.4), passage(2, 0.35, "otter")])
    retriever = over(low, counted, reranker_url=f"{server.base}/rerank")
    found = await retriever.retrieve("otters?", limit=5)
    assert [one.id for one in found.passages] == ["p1", "p2"]
    assert (found.supported, [one.id for one in found.doubtful]) == ((), ["p1", "p2"])
    assert server.requests == []
    beyond = Search([*[passage(n, 0.4) for n in range(5)], passage(9, 0.9, "otter")])
    assert (await over(beyond, counted, reranker_url=f"{server.base}/rerank").retrieve("otters?")).supported == ()
    await retriever.aclose()


@pytest.mark.parametrize(
    "instead",
    [
        (500, {"message": "broken"}),
        (429, {"message": "slow down"}),
        (200, b"<html>"),
        (200, {"results": []}),
        (200, {"results": [{"index": 0, "relevance_score": 1.0}] * 4}),
        (200, {"results": [{"index": n + 1, "relevance_score": 1.0} for n in range(4)]}),
        (200, {"results": [{"index": n, "relevance_score": None} for n in range(4)]}),
        (200, {"results": [{"index": n, "relevance_score": "NaN"} for n in range(4)]}),
    ],
)
async def test_a_server_that_fails_leaves_the_order_and_is_left_alone(
    cohere: RerankedRetriever, server: RerankServer, counted: Counted, instead: tuple[int, object]
) -> None:
    server.instead = instead
    assert await names(cohere) == ["p1", "p2", "p3", "p4"]
    assert await names(cohere) == ["p1", "p2", "p3", "p4"]
    assert counted.outcomes == {"failed": 1, "spared": 1}
    assert len(server.requests) == 1


async def test_a_wrong_key_is_not_in_the_log(
    server: RerankServer, counted: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    server.instead = (401, {"message": "invalid api token wrong-key-123"})
    address = f"{server.base}/v2/rerank"
    retriever = over(Search(), counted, reranker_url=address, reranker_api_key="wrong-key-123", reranker_model=MODEL)
    assert await names(retriever) == ["p1", "p2", "p3", "p4"]
    assert "401" in caplog.text
    assert "wrong-key-123" not in caplog.text
    await retriever.aclose()


async def test_a_server_that_does_not_answer_in_time_leaves_the_order(server: RerankServer, counted: Counted) -> None:
    server.silent = threading.Event()
    retriever = over(Search(), counted, reranker_url=f"{server.base}/rerank", reranker_seconds=0.1)
    assert await names(retriever) == ["p1", "p2", "p3", "p4"]
    assert sum(counted.outcomes.values()) == 1
    assert counted.outcomes["done"] == 0
    await retriever.aclose()


async def test_a_search_that_is_away_stays_away(cohere: RerankedRetriever) -> None:
    with pytest.raises(KnowledgeUnavailable):
        await cohere.retrieve("")
    assert await cohere.ready()


class Backwards:
    """A reranker of another package."""

    async def rerank(self, question: str, passages: Sequence[str]) -> Sequence[float]:
        return [float(place) for place, _ in enumerate(passages)]


def _installed(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry = EntryPoint("backwards", value, third_party.GROUP)
    monkeypatch.setattr(third_party, "entry_points", lambda group: EntryPoints([entry]).select(group=group))


async def test_a_reranker_of_another_package(monkeypatch: pytest.MonkeyPatch, counted: Counted) -> None:
    _installed(monkeypatch, f"{__name__}:Backwards")
    retriever = over(Search(), counted, reranker="backwards")
    assert await names(retriever) == ["p3", "p2", "p1", "p4"]
    await retriever.aclose()


def test_one_that_is_unknown_or_broken_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(monkeypatch, f"{__name__}:Missing")
    with pytest.raises(ConfigError, match="cannot be made"):
        reranking(Settings(reranker="backwards"), NoMetrics())
    with pytest.raises(ConfigError, match="there is backwards"):
        reranking(Settings(reranker="other"), NoMetrics())
    assert reranking(Settings(), NoMetrics()) is None


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-10, 10)), max_size=30), st.integers(1, 8))
async def test_a_second_look_never_changes_whether_there_is_an_answer(
    passages: list[tuple[float, float]], limit: int
) -> None:
    class Fixed:
        async def rerank(self, question: str, texts: Sequence[str]) -> Sequence[float]:
            return [score for _, score in passages][: len(texts)]

    search = Search([passage(number, score) for number, (score, _) in enumerate(passages)])
    plain = await search.retrieve("q", limit=limit)
    looked = await RerankedRetriever(search, Fixed(), NoMetrics(), seconds=5.0).retrieve("q", limit=limit)
    assert bool(looked.supported) == bool(plain.supported)
    assert len(looked.passages) == len(plain.passages)
    if plain.supported:
        assert looked.passages[0] in looked.supported


async def test_masked_passages_reach_the_server_without_personal_data(server: RerankServer, counted: Counted) -> None:
    search = Search([passage(1, 0.9, "Write to ada@example.com"), passage(2, 0.8, "otter, +49 170 1234567")])
    retriever = over(search, counted, reranker_url=f"{server.base}/rerank", mask_personal_data=True)
    found = await retriever.retrieve("Is it ada@example.com?", limit=2)
    assert [one.id for one in found.passages] == ["p2", "p1"]
    assert server.requests[0]["query"] == "Is it [email 1]?"
    assert "ada@example.com" not in str(server.requests)
    assert "1234567" not in str(server.requests)
    await retriever.aclose()
