"""A staff passage never comes out of a search for a customer: whatever it says, however it is asked, with any filter."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import Chunk
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


@settings(max_examples=150, deadline=None)
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
    words = build_words(corpus.texts(), corpus.document_of) if with_words else None

    def asked(audience: KnowledgeAudience) -> list[str]:
        filters = Filters(audience, category, language)
        found = search(corpus, words, question, embed([question])[0], filters, limit)
        assert len(found) <= limit
        assert audience is KnowledgeAudience.STAFF or all(p.audience is KnowledgeAudience.PUBLIC for p in found)
        return [source for passage in found for source in (passage.source, *passage.also)]

    assert not [source for source in asked(KnowledgeAudience.PUBLIC) if "staff" in source]
    if limit >= 30 and not category and not language and corpus.staff_only.any():
        assert [source for source in asked(KnowledgeAudience.STAFF) if "staff" in source]
