"""What is looked for in the knowledge base: the question, without the name that stands in every document."""

from __future__ import annotations

import pytest

from core.agent.lookup import Lookup
from core.agent.settings import AgentSettings
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.looked_up import NotingRetriever, noting
from tests.contract.responders.world import SteppingClock

PAGE = Passage("p1", "d1", "About us", "Tidepool was founded in 2011 in Bergen.", "about.md", 0.7)


class Asked:
    """Notes what it was asked. ``named``: it finds a page to the name alone, as it is in every document."""

    def __init__(self, *, named: bool = False) -> None:
        self.queries: list[str] = []
        self.named = named

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        self.queries.append(query)
        return Retrieval((PAGE,) if "Tidepool" in query and self.named else (), 0.4)

    async def ready(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("company", "question", "looked_for"),
    [
        ("Tidepool", "Does Tidepool sell bicycles?", "Does sell bicycles?"),
        ("Tidepool", "What is tidepool's refund policy?", "What is refund policy?"),
        ("Tidepool", "Wie alt ist Tidepool?", "Wie alt ist ?"),
        ("Acme Corp.", "Who founded ACME  Corp.?", "Who founded ?"),
        ("Tidepool", "Are tidepools deep?", "Are tidepools deep?"),
        ("Tidepool", "What is Tidepool?", "What is Tidepool?"),
        ("Tidepool", "Tidepool", "Tidepool"),
        ("", "Does Tidepool sell bicycles?", "Does Tidepool sell bicycles?"),
        ("C++ (Club)", "Is C++ (Club) free?", "Is free?"),
    ],
)
async def test_the_companys_name_is_not_looked_for(company: str, question: str, looked_for: str) -> None:
    retriever = Asked()
    await Lookup(retriever, SteppingClock(), AgentSettings(company_name=company, passages=1)).find(question)
    assert retriever.queries[0] == looked_for
    assert retriever.queries[1:] == ([] if looked_for == question else [question]), (
        "the whole question, where nothing was found"
    )


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("When was Tidepool founded?", (PAGE,)),
        ("Does Tidepool sell bicycles?", ()),
        ("Was Tidepool founded by Ada Lovelace?", ()),
    ],
)
async def test_with_the_name_only_a_page_counts_that_speaks_of_what_is_asked(
    question: str, found: tuple[Passage, ...]
) -> None:
    lookup = Lookup(
        NotingRetriever(Asked(named=True)), SteppingClock(), AgentSettings(company_name="Tidepool", passages=1)
    )
    with noting() as notes:
        assert (await lookup.find(question)).passages == found
    decided = question if found else " ".join(question.replace("Tidepool", "").split())
    assert list(notes.found) == [decided], "a gap is counted by one lookup"
