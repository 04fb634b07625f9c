"""What the model reads of a search."""

from __future__ import annotations

from dataclasses import replace

from core.agent.sources import from_retrieval
from core.domain.knowledge import Retrieval
from tests.contract.responders.world import PASSWORD, PRICE

PLANS = replace(PRICE, parent=f"The Team plan is for up to 50 people. {PRICE.content}")


def test_the_best_passage_is_read_and_cited_with_the_section_around_it() -> None:
    (source,) = from_retrieval(Retrieval((PLANS,), threshold=0.4))
    assert source.text == PLANS.parent
    assert (source.citation.id, source.citation.content) == (PRICE.id, PLANS.parent)


def test_a_section_is_read_once() -> None:
    found = (PLANS, replace(PLANS, id="p-more", content="Annual billing"))
    texts = [source.text for source in from_retrieval(Retrieval(found, threshold=0.4))]
    assert texts == [PLANS.parent, "Annual billing"]


def test_what_does_not_fit_the_question_is_read_by_itself_as_is_a_faq() -> None:
    far, faq = replace(PLANS, score=0.1), replace(PASSWORD, parent="All of the FAQ")
    texts = [source.text for source in from_retrieval(Retrieval((faq, far), threshold=0.4))]
    assert texts[1] == PRICE.content
    assert "All of the FAQ" not in texts[0]
