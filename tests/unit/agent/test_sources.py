"""What the model reads of a search."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.agent.lookup import Lookup, passages_for
from core.agent.settings import AgentSettings
from core.agent.sources import Sources, from_passage, from_retrieval
from core.domain.knowledge import KnowledgeAudience, Retrieval
from tests.contract.responders.world import PASSWORD, PRICE, SteppingClock

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


class FixedRetriever:
    """Finds the same passage for every question, and for one of them alone it fits."""

    def __init__(self, found: dict[str, Retrieval]) -> None:
        self._found = found

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        return self._found[query]

    async def ready(self) -> bool:
        return True


FITS = Retrieval((PLANS,), threshold=0.4)
FAR = Retrieval((replace(PASSWORD, score=0.3), replace(PLANS, score=0.1)), threshold=0.4)


@pytest.mark.parametrize("questions", [("price", "weather"), ("weather", "price")])
async def test_of_two_questions_in_one_message_the_one_with_an_answer_keeps_its_source(
    questions: tuple[str, ...],
) -> None:
    lookup = Lookup(FixedRetriever({"price": FITS, "weather": FAR}), SteppingClock(), AgentSettings())
    found = {source.citation.id: source for source in await passages_for(lookup, questions, 5)}
    assert len(found) == 2
    assert (found[PRICE.id].supported, found[PRICE.id].text) == (True, PLANS.parent)
    assert not found[PASSWORD.id].supported


def test_what_is_read_later_under_a_number_is_what_it_stands_for() -> None:
    sources = Sources()
    sources.show([from_passage(PLANS, supported=True)])
    shown = sources.show([from_passage(PLANS, supported=False, section=PLANS.parent)])
    assert 'number="1"' in shown
    assert str(PLANS.parent) in shown
    assert str(PLANS.parent) in sources.text(1)
    assert sources.citation(1).content == PLANS.parent
    assert dict(sources)[1].supported


def test_what_was_read_before_is_not_shortened_by_a_second_search() -> None:
    sources = Sources()
    sources.show([from_passage(PLANS, supported=True, section=PLANS.parent)])
    assert str(PLANS.parent) in sources.show([from_passage(PLANS, supported=True)])
    assert sources.citation(1).content == PLANS.parent


def test_what_there_was_no_room_for_cannot_be_cited() -> None:
    sources = Sources()
    long = [replace(PRICE, id=f"p{number}", content="It costs nine euros. " * 60) for number in range(4)]
    shown = sources.show([from_passage(one, supported=True) for one in long], budget=1100)
    assert shown.count("</source>") == 2
    assert [number in sources for number in (1, 2, 3)] == [True, True, False]


def test_of_one_that_is_too_long_the_part_that_is_read_is_cited() -> None:
    sources = Sources()
    long = replace(PRICE, content="It costs nine euros. " * 600)
    shown = sources.show([from_passage(long, supported=True)], budget=500)
    assert shown.endswith("</source>")
    assert sources.citation(1).content in shown
    assert len(sources.citation(1).content) < 1500
