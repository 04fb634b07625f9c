"""What is looked for in the knowledge base: the question, without the name that stands in every document."""

from __future__ import annotations

import pytest

from core.agent.lookup import Lookup
from core.domain.knowledge import KnowledgeAudience, Retrieval
from tests.contract.responders.world import SteppingClock


class Asked:
    """Notes what it was asked."""

    def __init__(self) -> None:
        self.queries: list[str] = []

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
        return Retrieval((), 0.4)

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
    shelf = Asked()
    await Lookup(shelf, SteppingClock(), limit=1, wait=0, poll=1, company=company).find(question)
    assert shelf.queries == [looked_for]
