"""A question that leans on an earlier one is looked up with it; one that stands by itself stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.agent.followup_questions import completed
from core.domain.messages import Author, Message
from tests.contract.responders.world import message

FOLLOW_UPS = [
    ("How do I return a pair of shoes?", "And in Germany?"),
    ("How do I return a pair of shoes?", "What about sandals?"),
    ("What does the Team plan cost?", "How much is it per year?"),
    ("What does the Team plan cost?", "And the second one?"),
    ("Can I change my subscription?", "How do I cancel it?"),
    ("Was kostet der Versand nach Deutschland?", "Und nach Österreich?"),
    ("Was kostet der Versand nach Deutschland?", "Wie lange dauert das?"),
    ("Combien coûte la livraison en France ?", "Et en Belgique ?"),
    ("Comment puis-je modifier mon abonnement ?", "Combien coûte cela ?"),
    ("¿Cuánto cuesta el envío a España?", "¿Y a México?"),
    ("¿Cuánto cuesta el envío a España?", "¿Cuánto tarda eso?"),
    ("كم تكلفة الشحن إلى مصر؟", "وماذا عن الأردن؟"),
]
BY_THEMSELVES = [
    ("How do I return a pair of shoes?", "Where is my parcel?"),
    ("How do I return a pair of shoes?", "Is it possible to change my delivery address?"),
    ("How do I return a pair of shoes?", "And how do I change the e-mail address of a colleague who has left?"),
    ("Was kostet der Versand nach Deutschland?", "Wo ist das Paket?"),
    ("Was kostet der Versand nach Deutschland?", "Wie setze ich mein Passwort zurück?"),
    ("Combien coûte la livraison en France ?", "Où est mon colis ?"),
    ("¿Cuánto cuesta el envío a España?", "¿Dónde está mi pedido?"),
    ("كم تكلفة الشحن إلى مصر؟", "كيف أعيد تعيين كلمة المرور؟"),
]


def _customer_messages(*texts: str) -> Sequence[Message]:
    return [message(text, seq=number) for number, text in enumerate(texts, 1)]


@pytest.mark.parametrize(("before", "question"), FOLLOW_UPS)
def test_a_question_that_goes_on_is_looked_up_with_the_one_before(before: str, question: str) -> None:
    assert completed(question, _customer_messages(before)).query == f"{before}\n{question}"


@pytest.mark.parametrize(("before", "question"), BY_THEMSELVES)
def test_a_question_that_says_enough_is_left_as_it_is(before: str, question: str) -> None:
    assert completed(question, _customer_messages(before)).query == question


def test_several_follow_ups_lean_on_the_same_question() -> None:
    said = _customer_messages("How do I return a pair of shoes?", "And in Germany?", "Thank you!")
    assert completed("And in France?", said).query == "How do I return a pair of shoes?\nAnd in France?"


def test_the_agents_questions_and_deleted_ones_are_not_leaned_on() -> None:
    agents = replace(message("Do you mean shoes or sandals?", seq=1), author=Author.AGENT)
    assert completed("And in Germany?", [agents]).query == "And in Germany?"


def test_a_passage_on_the_earlier_question_alone_does_not_meet_a_new_one() -> None:
    whole = completed("And bicycles?", _customer_messages("How do I return a pair of shoes?"))
    assert not whole.is_met_by("A pair of shoes can be returned within 14 days.")
    assert whole.is_met_by("Bicycles cannot be returned.")
    assert completed("How much is it?", _customer_messages("How do I return a pair of shoes?")).is_met_by(
        "Returns are free."
    )
