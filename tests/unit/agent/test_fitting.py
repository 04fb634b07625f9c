"""A question is answered from the first passage or from one that holds all its words; what only looks near answers nothing."""

from __future__ import annotations

from dataclasses import replace

from core.agent.fitting import fitting, topic_of
from core.domain.knowledge import Passage, Retrieval
from tests.contract.responders.world import PASSWORD, PRICE

CANCEL = replace(
    PASSWORD,
    id="cancel",
    title="How do I cancel my subscription?",
    question="How do I cancel my subscription?",
    content="",
)
CANCEL = replace(CANCEL, answer="Go to Settings and press Cancel plan.", score=0.55)
PLANS = replace(
    PRICE,
    id="plans",
    title="Plans and limits",
    section="Plans",
    score=0.42,
    content="| Plan | Price |\n| Team | 9 |\n| Business | 16 |",
)
TEAM = replace(PRICE, id="team", title="What does Team cost?", section=None, score=0.45, content="Team costs 9.")


def _found(*passages: Passage, unknown: float = 0.0, read: bool = False) -> Retrieval:
    return Retrieval(passages, 0.41, 0.33, unknown=unknown, read=read)


def test_the_first_passage_answers() -> None:
    assert fitting("stop paying you", _found(CANCEL)) is CANCEL


def test_another_question_about_the_title_is_not_answered() -> None:
    pausing = _found(replace(CANCEL, score=0.5), replace(TEAM, score=0.48), unknown=0.5)
    assert fitting("Can I pause my subscription and cancel a holiday?", pausing) is None


def test_one_that_holds_every_word_goes_first() -> None:
    assert fitting("the difference between Team and Business", _found(TEAM, PLANS)) is PLANS
    assert fitting("list all plans", _found(TEAM, replace(PLANS, score=0.3))) == replace(PLANS, score=0.3)


def test_a_comparison_is_not_answered_with_one_side() -> None:
    assert fitting("compare Team and Enterprise", _found(replace(TEAM, score=0.6))) is None


def test_what_was_read_or_chosen_is_taken_as_it_is() -> None:
    assert fitting("compare Team and Enterprise", _found(TEAM, read=True)) is TEAM
    chosen = replace(_found(PLANS), meant=PLANS.id)
    assert fitting("anything", chosen) is PLANS
    assert fitting("anything", _found()) is None


def test_words_for_the_form_of_an_answer_are_not_looked_for() -> None:
    assert topic_of("list all plans") == "plans"
    assert topic_of("Where is my invoice?") == "Where is my invoice?"
    assert topic_of("list all") == "list all"
