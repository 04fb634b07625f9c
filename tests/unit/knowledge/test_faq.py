"""FAQ files are read, and what is wrong in one is named with its place."""

from __future__ import annotations

import pytest

from core.domain.knowledge import KnowledgeAudience
from knowledge.chunk.chunker import Chunker
from knowledge.convert.faq import faq_document, is_faq, parse_data
from knowledge.documents import Document, FaqEntry, UnreadableDocument
from tests.unit.knowledge.wordpiece import WordPieceCounter


def read(text: str, *, json_only: bool = False) -> Document:
    return faq_document(parse_data(text, json_only=json_only), text, title="FAQ")


def problem(text: str, *, json_only: bool = False) -> str:
    with pytest.raises(UnreadableDocument) as caught:
        read(text, json_only=json_only)
    return str(caught.value)


def first_problem(text: str, *, json_only: bool = False) -> str:
    """Of a file that holds a good entry beside the bad one, or fails as a whole."""
    try:
        return read(text, json_only=json_only).problems[0]
    except UnreadableDocument as error:
        return str(error)


def test_every_field_is_read() -> None:
    [entry] = read(
        "- question: ' Q? '\n  answer: A.\n  category: Billing\n  keywords: [a, 2]\n"
        "  url: https://x.example\n  audience: staff\n"
    ).entries

    assert entry == FaqEntry("Q?", "A.", "Billing", ("a", "2"), "https://x.example", audience=KnowledgeAudience.STAFF)


def test_json_and_keywords_as_one_text() -> None:
    [entry] = read('{"faqs": [{"question": "Q?", "answer": "A.", "keywords": "one, two"}]}', json_only=True).entries

    assert entry.keywords == ("one", "two")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- question: Q?\n  answer: A.\n- question: Q2?\n", "entry 2 (line 3): 'answer' is missing or empty"),
        ("- question: Q?\n  answer: ' '\n", "entry 1 (line 1): 'answer' is missing or empty"),
        ("- question: Q?\n  answer: yes\n", "'answer' must be text, but is yes or no; put it in quotation marks"),
        ("- question: Q?\n  answer: A.\n  anwser: B\n", "unknown field 'anwser'"),
        (
            "- question: Q?\n  answer: A.\n  audience: everyone\n",
            "'audience' must be 'public' or 'staff', not 'everyone'",
        ),
        ("- question: Q?\n  answer: A.\n  audience: [staff]\n", "'audience' must be 'public' or 'staff'"),
        ("- question: Q?\n  answer: A.\n  keywords: {a: b}\n", "'keywords' must be a list of words"),
        ("- question: Q?\n  answer: A.\n- just text\n", "entry 2 (line 3): must have a question and an answer"),
        ("[]", "the file holds no questions"),
        (f"- question: Q?\n  answer: {'word ' * 5000}\n", "'answer' has more than 20,000 characters"),
        (f"- question: {'word ' * 500}\n  answer: A.\n", "'question' has more than 2,000 characters"),
        (f"- question: Q?\n  answer: A.\n  alternatives: [{'a' * 3000}]\n", "'alternatives' must be at most 200"),
        (f"- question: Q?\n  answer: A.\n  keywords: [{'a, ' * 3000}]\n", "'keywords' must be at most 200"),
    ],
)
def test_what_is_wrong_is_named_with_its_entry(text: str, expected: str) -> None:
    assert expected in first_problem(text)


def test_json_entries_have_lines_too() -> None:
    text = '[\n  {"question": "Q?", "answer": "A."},\n  {"question": "Q?"}\n]'

    assert first_problem(text, json_only=True).startswith("entry 2 (line 3)")


def test_good_entries_are_taken_and_each_bad_one_is_named() -> None:
    document = read(
        "- question: One?\n  answer: First.\n"
        "- question: Two?\n"
        "- question: Three?\n  answer: Third.\n"
        "- just text\n"
        "- question: Five?\n  answer: Fifth.\n  audience: everyone\n"
    )

    assert [entry.question for entry in document.entries] == ["One?", "Three?"]
    assert [problem.split(":")[0] for problem in document.problems] == [
        "entry 2 (line 3)",
        "entry 4 (line 6)",
        "entry 5 (line 7)",
    ]
    assert "'audience' must be" in document.problems[2]


def test_a_list_that_is_mostly_wrong_is_not_read_out_to_its_end() -> None:
    document = read("- question: Q?\n  answer: A.\n" + "- question: Q?\n" * 300)

    assert len(document.entries) == 1
    assert len(document.problems) == 201
    assert document.problems[-1] == "and 100 more entries"


def test_all_wrong_entries_are_named_at_once_but_not_endlessly() -> None:
    message = problem("".join("- question: Q?\n" for _ in range(9)))

    assert "entry 1" in message
    assert "entry 5" in message
    assert message.endswith("and 4 more")


@pytest.mark.parametrize(
    ("text", "json_only", "expected"),
    [
        ("- question: 'open\n", False, "line "),
        ('[{"question": }]', True, "line 1, column 15: not valid JSON"),
        ("- a: !!python/object/apply:os.system [id]\n", False, "not valid YAML"),
        ("[" * 100_000, True, "not valid JSON"),
    ],
)
def test_broken_files_name_the_line(text: str, json_only: bool, expected: str) -> None:
    assert expected in problem(text, json_only=json_only)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"question": "Q"}], True),
        ({"questions": [{"question": "Q"}]}, True),
        ([1, 2], False),
        ({"a": 1}, False),
        (None, False),
    ],
)
def test_what_means_to_be_a_faq(content: object, expected: bool) -> None:
    assert is_faq(content) is expected


def test_each_alternative_question_leads_to_the_answer() -> None:
    content = [
        {
            "question": "How do refunds work?",
            "answer": "Within days.",
            "alternatives": ["Money back, please", " ", "Refund?"],
        }
    ]
    document = faq_document(content, "", title="FAQ")

    [chunk] = Chunker(WordPieceCounter(), 100).chunks(document)

    assert chunk.embedded == ("Money back, please", "Refund?", "How do refunds work?\nWithin days.")
    assert chunk.content == "How do refunds work?\n\nWithin days."
    wrong = faq_document([*content, {"question": "A?", "answer": "B.", "alternatives": [1]}], "", title="FAQ")
    assert "'alternatives' must be a list of questions" in wrong.problems[0]


def test_what_a_file_says_of_all_its_entries_counts_for_each() -> None:
    document = read(
        "audience: staff\ncategory: Billing\nurl: https://x.example\nlanguage: de\ntitle: Prices\n"
        "questions:\n- question: Margin?\n  answer: Forty percent.\n- question: Own?\n  answer: Yes.\n  audience: public\n"
    )

    chunks = Chunker(WordPieceCounter(), 64).chunks(document)
    assert [chunk.audience for chunk in chunks] == [KnowledgeAudience.STAFF] * 2
    assert {(chunk.category, chunk.url, chunk.language) for chunk in chunks} == {("Billing", "https://x.example", "de")}
    assert document.title == "Prices"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("audience: internal", "'audience' must be 'public' or 'staff', not 'internal'"),
        ("audiance: staff", "unknown field 'audiance' beside the questions"),
        ("faqs: []", "the questions must be in one list"),
        ("audience: staff\nAudience: public", "each field beside it there once"),
    ],
)
def test_a_head_that_nobody_would_hear_is_refused(head: str, expected: str) -> None:
    assert expected in problem(f"questions:\n- question: Q?\n  answer: A.\n{head}\n")


@pytest.mark.parametrize(
    ("text", "json_only"),
    [
        ("- question: Q?\n  answer: A\n  audience: staff\n  audience: public\n", False),
        ("audience: staff\naudience: public\nfaq:\n- question: Q\n  answer: A\n", False),
        ('[{"question": "Q?", "answer": "A", "audience": "staff", "audience": "public"}]', True),
    ],
)
def test_for_whom_it_is_can_be_said_once(text: str, json_only: bool) -> None:
    with pytest.raises(UnreadableDocument, match="'audience' stands twice"):
        parse_data(text, json_only=json_only)
