"""A staff passage never comes out of a search for a customer: whatever it says, however it is asked, with any filter.

Over a corpus in memory, and over the index itself: with the sections that are returned beside passages, while documents change
and are closed, in old epochs and in new ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import Chunk
from knowledge.index.client import Chroma
from knowledge.index.database import open_database
from knowledge.index.reader import Reader
from knowledge.index.records import IndexedDocument
from knowledge.index.snapshot import EpochGone, Snapshot
from knowledge.index.writing import IndexWriter, Prepared
from knowledge.search.build import build_words
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from knowledge.search.memory import memory_corpus
from tests.unit.knowledge.bag_of_words import embed

_WORDS = ["refund", "limit", "escalate", "key", "SKU-1", "中文", "kündigen", "the"]
_TEXTS = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=4).map(" ".join)
_CATEGORIES = st.sampled_from([None, "Billing", "billing ", "Other"])
_LANGUAGES = st.sampled_from([None, "en", "de"])


@st.composite
def chunks(draw: st.DrawFn) -> Chunk:
    """Few words, so that public and staff passages often say the very same."""
    content, question = draw(_TEXTS), draw(st.none() | _TEXTS)
    return Chunk(
        title=draw(_TEXTS),
        content=content,
        embedded=tuple(draw(st.lists(_TEXTS, min_size=1, max_size=2))),
        section=draw(st.none() | _TEXTS),
        category=draw(_CATEGORIES),
        question=question,
        answer=content if question else None,
        audience=draw(st.sampled_from(KnowledgeAudience)),
        language=draw(_LANGUAGES),
    )


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(st.lists(chunks(), min_size=1, max_size=5), max_size=5),
    question=_TEXTS,
    category=_CATEGORIES,
    language=_LANGUAGES,
    limit=st.integers(1, 30),
    with_words=st.booleans(),
)
def test_no_staff_passage_is_found_for_a_customer(
    documents: list[list[Chunk]],
    question: str,
    category: str | None,
    language: str | None,
    limit: int,
    with_words: bool,
) -> None:
    named = [
        (f"{number}-{audience}.md", [chunk for chunk in document if chunk.audience is audience])
        for number, document in enumerate(documents)
        for audience in KnowledgeAudience
    ]
    corpus = memory_corpus(named, embed)
    words = build_words(corpus.texts(), corpus.arrays.document_of) if with_words else None

    def asked(audience: KnowledgeAudience) -> list[str]:
        filters = Filters(audience, category, language)
        found = search(corpus, words, question, embed([question])[0], filters, limit)
        assert len(found) <= limit
        assert audience is KnowledgeAudience.STAFF or all(p.audience is KnowledgeAudience.PUBLIC for p in found)
        return [source for passage in found for source in (passage.source, *passage.also)]

    assert not [source for source in asked(KnowledgeAudience.PUBLIC) if "staff" in source]
    if limit >= 30 and not category and not language and corpus.arrays.staff_only.any():
        assert [source for source in asked(KnowledgeAudience.STAFF) if "staff" in source]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[object, object]]:
    """One Chroma and one manifest; each example has a model of its own in them."""
    folder: Path = tmp_path_factory.mktemp("index")
    database = open_database(folder / "knowledge.db", None)
    yield Chroma(folder / "chroma", None), database
    database.close()


@st.composite
def versions(draw: st.DrawFn) -> list[Chunk]:
    """A document: passages in sections, each of which says for whom it is in its own words."""
    found = []
    numbers = sorted(draw(st.lists(st.integers(0, 2), min_size=1, max_size=6)))
    for section, chunk in zip(numbers, draw(st.lists(chunks(), min_size=6, max_size=6)), strict=False):
        content = f"{chunk.audience.value} words: {chunk.content}"
        answer = content if chunk.question else None
        found.append(replace(chunk, content=content, answer=answer, section_number=section))
    return found


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(0, 3), versions()),
        st.tuples(st.sampled_from(["close", "remove", "commit", "refresh", "roll back"]), st.integers(0, 3), st.none()),
    ),
    min_size=2,
    max_size=10,
)


def _found_texts(snapshot: Snapshot, question: str) -> Iterator[str]:
    """Everything that a customer, or the model for him, gets to read."""
    for words in (None, build_words(snapshot.texts(), snapshot.arrays.document_of)):
        found = search(snapshot, words, question, embed([question])[0], Filters(KnowledgeAudience.PUBLIC), 30)
        for passage in found:
            assert passage.audience is KnowledgeAudience.PUBLIC
            yield from (passage.content, passage.parent or "", passage.answer or "", passage.source, *passage.also)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=_STEPS, question=_TEXTS)
def test_nothing_of_staff_comes_out_of_the_index(
    stores: tuple[object, object], steps: list[tuple[str, int, list[Chunk] | None]], question: str
) -> None:
    client, database = stores
    writer = IndexWriter(client, database, uuid4().hex[:12])  # type: ignore[arg-type]
    reader: Reader[Snapshot] = Reader(client, writer.manifest, lambda snapshot: snapshot)
    closed: dict[int, set[str]] = {}

    for what, number, chunks_of in [*steps, ("commit", 0, None)]:
        name = str(number)
        if what == "write" and chunks_of is not None:
            document = IndexedDocument(name, uuid4().hex, f"{name}.md", f"/{name}", len(chunks_of))
            writer.store([Prepared(document, chunks_of)], embed)
            writer.narrow(name, chunks_of)
            closed.pop(number, None)
        elif what == "close":
            writer.close([name])
            closed[number] = {name}
        elif what == "remove":
            writer.remove([name])
        elif what == "roll back":
            writer.roll_back()
        elif what == "commit":
            writer.commit()
        fresh: Reader[Snapshot] = Reader(client, writer.manifest, lambda snapshot: snapshot)
        if what == "refresh":
            reader.refresh()
        told = list(_found_texts(fresh.current, question))
        assert not [text for text in told if "staff words" in text]
        shut = {f"{one}.md" for one in closed if what != "roll back"}
        assert not shut & set(told), "what was closed is closed at once"
        with suppress(EpochGone):  # whoever lags so far begins anew
            late = list(_found_texts(reader.current, question))
            assert not [text for text in late if "staff words" in text]
            assert not shut & set(late), "also for whoever still holds the epoch before"
    reader.refresh()
    assert not [text for text in _found_texts(reader.current, question) if "staff words" in text]
