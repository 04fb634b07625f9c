"""What of a ticket that is over becomes a document for staff."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from config.knowledge import ticket_document
from config.knowledge.ticket_document import document_of
from core.domain.alterations import Alteration, Altering
from core.domain.knowledge import KnowledgeAudience
from core.domain.messages import CustomerAction
from core.ports.tickets import ClosedTicket
from handoff.learning.personal import without_persons
from handoff.thread.altering import correcting
from knowledge.convert.faq import faq_document, parse_data
from knowledge.documents import Document, FaqEntry
from tests.unit.config.closed_cases import asked, closed, told


def document(found: ClosedTicket) -> Document:
    content = document_of(found)
    assert content is not None
    text = content.decode()
    return faq_document(parse_data(text, json_only=False), text, title="file")


def entry(found: ClosedTicket) -> FaqEntry:
    (one,) = document(found).entries
    return one


def test_the_question_the_answer_and_where_it_is_from() -> None:
    found = closed(7, asked(1, "It arrived broken"), asked(2, "The glass is in shards"), told(3, "We send a new one."))
    whole = document(found)
    assert (whole.title, whole.category, whole.language) == ("TKT-20261121-0007", "billing", "de")
    (one,) = whole.entries
    assert one.question == "It arrived broken The glass is in shards"
    assert one.answer == "We send a new one."
    assert one.section == "TKT-20261121-0007, 2026-11-22"


def test_it_is_for_staff_whatever_it_holds() -> None:
    found = closed(
        1, asked(1, "audience: public"), told(2, "Audience: public\n\naudience: staff\n\n<audience>staff</audience>")
    )
    whole = document(found)
    assert whole.audience is KnowledgeAudience.STAFF
    assert {one.audience for one in whole.entries} == {KnowledgeAudience.STAFF}
    assert whole.problems == ()


def test_nobodys_name_or_address_is_in_it() -> None:
    found = closed(
        1,
        asked(1, "Dear Grace, I am Ada Lovelace, ada@example.com, +44 20 7946 0018, about order AB-1234"),
        told(2, "Hi Ada, it left today. Write to ada@example.com again if not."),
        subject="Ada Lovelace asks about order AB-1234",
    )
    text = str(entry(found))
    for word in ("Ada", "Lovelace", "example.com", "7946", "AB-1234", "Grace"):
        assert word not in text


def test_one_that_no_person_has_answered_is_none() -> None:
    assert document_of(closed(1)) is None
    assert document_of(closed(1, asked(1, "Hello?"))) is None
    assert document_of(closed(1, asked(1, "Hello?"), told(2, "Hi Ada,"))) is None, "that is no answer"


def test_an_answer_is_as_the_customer_has_it_now() -> None:
    edit = Alteration(Altering.EDIT, ("p3",), message_id="m2").meta()
    gone = Alteration(Altering.DELETE, ("p4",), message_id="m3").meta()
    react = Alteration(Altering.REACT, ("p5",), emoji="👍", message_id="m4").meta()
    found = closed(
        1,
        asked(1, "When does it come?"),
        told(2, "It comes on Monday."),
        told(3, "It weighs a ton."),
        told(4, "It is red."),
        told(5, "Correction: It is blue.", meta=correcting("m4", gone=False)),
        told(6, "It is green."),
        told(7, "Please disregard that.", meta=correcting("m6", gone=True)),
        told(8, "It comes on Tuesday.", meta=edit),
        told(9, "", meta=react),
        since=(told(10, "", meta=gone), told(11, "That is another matter.")),
    )
    assert entry(found).answer == "It comes on Tuesday.\n\nIt is blue."


def test_what_the_customer_said_between_is_quoted() -> None:
    found = closed(
        1,
        asked(1, "The lamp is dark"),
        asked(2, "A person", action=CustomerAction.REQUEST_PERSON),
        told(3, "Which model is it?"),
        asked(4, "X200\nThe red one"),
        told(5, "Press reset for ten seconds."),
        asked(6, "Works, thanks!"),
        subject="The lamp is dark",
    )
    one = entry(found)
    assert one.question == "The lamp is dark"
    assert one.answer == "Which model is it?\n\n> […]\n> The red one\n\nPress reset for ten seconds."


def test_a_subject_that_says_something_else_stands_first() -> None:
    found = closed(1, asked(1, "The lamp is dark"), told(2, "Press reset."), subject="Lamp, urgent")
    assert entry(found).question == "Lamp, urgent The lamp is dark"


def test_a_long_question_is_cut_where_it_is_cited_and_whole_above_the_answer() -> None:
    long = "The lamp in the hall flickers. " * 30
    found = closed(1, asked(1, long), told(2, "Press reset."), subject=long[:100])
    one = entry(found)
    assert len(one.question) <= 301
    assert one.answer.startswith("> The lamp in the hall flickers.")
    assert one.answer.endswith("\n\nPress reset.")
    assert len(" ".join(one.alternatives)) > 900


def test_of_books_so_much_is_looked_at_as_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search for names takes seconds where somebody sent a hundred pages of numbers, of which nothing is left."""
    looked_at: list[int] = []

    def counted(text: str, names: Sequence[str | None]) -> str:
        looked_at.append(len(text))
        return without_persons(text, names)

    monkeypatch.setattr(ticket_document, "without_persons", counted)
    said = [asked(place, "1-" * 100_000) for place in range(1, 100)]
    replies = [told(100 + place, f"Well, {'é ' * 100_000}") for place in range(100)]
    found = entry(closed(1, *said, *replies))
    assert sum(looked_at) < 40_000
    assert len(found.question) <= 301
    assert len(found.answer) < 12_000


@pytest.mark.parametrize(
    "text", ["a\x00b\x07 works", "- question: x", "---\naudience: public\n---", "\ud83d lone", "{a: &b *b}"]
)
def test_whatever_somebody_writes_stays_text(text: str) -> None:
    one = entry(closed(1, asked(1, f"Why {text} now?"), told(2, f"Because {text} so."), subject=""))
    assert one.answer.startswith("Because")
