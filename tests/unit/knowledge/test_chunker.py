"""Chunks lose no text, stay within the model's limit, and keep headings, tables and questions whole."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain.knowledge import KnowledgeAudience
from knowledge.chunk import chunker
from knowledge.chunk.chunker import Chunker
from knowledge.convert.markdown import blocks_of
from knowledge.documents import Block, BlockKind, Chunk, Document, FaqEntry, UnreadableDocument
from tests.unit.knowledge.wordpiece import WordPieceCounter

COUNTER = WordPieceCounter()

WORDS = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\x85"), min_size=1, max_size=30
)
PROSE = st.lists(
    st.one_of(WORDS, st.sampled_from(["Yes.", "No!", "e.g. so", "最初の文です。", "- item", "\n\n"])), max_size=60
)


def squeezed(text: str) -> str:
    return "".join(text.split())


def chunks_of(markdown: str, *, target: int = 64, title: str = "Guide", limit: int = 254) -> list[Chunk]:
    return Chunker(WordPieceCounter(limit), target).chunks(Document(title, tuple(blocks_of(markdown))))


@settings(deadline=None)
@given(words=PROSE, target=st.integers(12, 120), title=st.text(max_size=300))
def test_prose_loses_no_character_and_no_chunk_passes_the_limit(words: list[str], target: int, title: str) -> None:
    text = " ".join(words)

    chunks = Chunker(COUNTER, target).chunks(Document(title, (Block(BlockKind.TEXT, text),)))

    assert squeezed("".join(chunk.content for chunk in chunks)) == squeezed(text)
    for chunk in chunks:
        assert COUNTER.count(list(chunk.embedded)) <= [target] or len(squeezed(chunk.content)) == 1


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(st.text("abc déf 12", max_size=40), min_size=3, max_size=3), min_size=1, max_size=30),
    target=st.integers(40, 120),
)
def test_each_chunk_of_a_table_begins_with_the_header(rows: list[list[str]], target: int) -> None:
    header = "| Plan | Price | Limit |\n| --- | --- | --- |\n"
    lines = [f"| {' | '.join(' '.join(cell.split()) for cell in row)} |" for row in rows]
    table = Block(BlockKind.TABLE, header + "\n".join(lines))

    chunks = Chunker(COUNTER, target).chunks(Document("Plans", (table,)))

    assert all(chunk.content.startswith(header) for chunk in chunks)
    bodies = "".join(chunk.content.removeprefix(header) for chunk in chunks)
    assert squeezed(bodies) == squeezed("".join(lines))
    assert all(COUNTER.count(list(chunk.embedded))[0] <= target for chunk in chunks)


@settings(deadline=None)
@given(answer=PROSE, question=st.text(min_size=1, max_size=600), keywords=st.lists(WORDS, max_size=8))
def test_a_question_is_one_chunk_whose_every_vector_fits(answer: list[str], question: str, keywords: list[str]) -> None:
    text = " ".join(answer) * 5
    entry = FaqEntry(question, text, keywords=tuple(keywords))

    [chunk] = Chunker(COUNTER, 64).chunks(Document("FAQ", entries=(entry,)))

    assert (chunk.question, chunk.answer) == (question, text)
    assert all(count <= COUNTER.limit for count in COUNTER.count(list(chunk.embedded)))


def test_sections_are_never_mixed_and_carry_the_path_of_titles() -> None:
    chunks = chunks_of("# Guide\n\nIntro.\n\n## Refunds\n\n### Yearly\n\nIn 30 days.\n\n### Monthly\n\nIn 7 days.")

    assert [(chunk.section, chunk.content) for chunk in chunks] == [
        (None, "Intro."),
        ("Refunds > Yearly", "In 30 days."),
        ("Refunds > Monthly", "In 7 days."),
    ]
    assert chunks[1].embedded == ("Guide > Refunds > Yearly\nIn 30 days.",)


def test_a_heading_with_nothing_under_it_is_still_found() -> None:
    chunks = chunks_of("# Guide\n\n## Coming soon\n\n## Prices\n\nNine dollars.\n\n## The end")

    assert [chunk.content for chunk in chunks] == ["Coming soon", "Nine dollars.", "The end"]


def test_sentences_stay_whole_when_they_fit() -> None:
    sentences = [f"Sentence number {number} says something about the plan." for number in range(30)]

    chunks = chunks_of(" ".join(sentences), target=48)

    assert len(chunks) > 5
    assert all(chunk.content.startswith("Sentence") and chunk.content.endswith("plan.") for chunk in chunks)


def test_a_very_long_title_leaves_room_for_the_text() -> None:
    [chunk] = chunks_of("Short text.", title="word " * 500, target=60)

    assert chunk.embedded[0].endswith("\nShort text.")
    assert COUNTER.count(list(chunk.embedded))[0] <= 60


def test_text_without_any_space_is_cut_to_the_limit() -> None:
    text = "あ" * 900

    chunks = chunks_of(text, target=64)

    assert "".join(chunk.content for chunk in chunks) == text
    assert all(COUNTER.count(list(chunk.embedded))[0] <= 64 for chunk in chunks)


def test_the_models_limit_wins_over_the_wish_for_longer_chunks() -> None:
    chunks = chunks_of("Some words here. " * 200, target=5000, limit=100)

    assert all(COUNTER.count(list(chunk.embedded))[0] <= 100 for chunk in chunks)


def test_the_page_is_where_the_chunk_begins() -> None:
    blocks = (Block(BlockKind.TEXT, "First page.", page=1), Block(BlockKind.TEXT, "word " * 90, page=2))

    chunks = Chunker(COUNTER, 60).chunks(Document("Manual", blocks))

    assert [chunk.page for chunk in chunks] == [1, 2, 2]


def test_a_documents_address_category_and_audience_go_to_its_chunks() -> None:
    document = Document(
        "T",
        (Block(BlockKind.TEXT, "x"),),
        url="https://a.example",
        category="Billing",
        audience=KnowledgeAudience.STAFF,
    )

    [chunk] = Chunker(COUNTER, 60).chunks(document)

    assert (chunk.url, chunk.category, chunk.audience) == ("https://a.example", "Billing", KnowledgeAudience.STAFF)


def test_an_entrys_own_category_and_address_win_over_the_files() -> None:
    entry = FaqEntry("Q?", "A.", category="Data", url="https://own.example", audience=KnowledgeAudience.STAFF)

    [chunk] = Chunker(COUNTER, 60).chunks(
        Document("FAQ", entries=(entry,), category="Other", url="https://file.example")
    )

    assert (chunk.title, chunk.category, chunk.url) == ("Q?", "Data", "https://own.example")
    assert chunk.audience is KnowledgeAudience.STAFF


def test_keywords_make_a_second_vector() -> None:
    entry = FaqEntry("Can I pay by card?", "Yes.", keywords=("visa", "credit card"))

    [chunk] = Chunker(COUNTER, 60).chunks(Document("FAQ", entries=(entry,)))

    assert chunk.embedded == ("Can I pay by card? visa, credit card", "Can I pay by card?\nYes.")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 20_000,
        "[" * 8_000,
        '{"a":1},' * 800,
        "! " * 4_000,
        "**a " * 2_000,
        "A. " * 3_000,
        "p. 12 Refunds, " * 800,
    ],
)
def test_a_long_run_without_sentences_loses_no_character(text: str) -> None:
    chunks = Chunker(COUNTER, 128).chunks(Document("Data", (Block(BlockKind.TEXT, text),)))

    assert squeezed("".join(chunk.content for chunk in chunks)) == squeezed(text)


def longest_counted(document: Document) -> int:
    """The longest text that the tokenizer was given while this document was cut."""
    longest = 0

    class Watched(WordPieceCounter):
        def count(self, texts: Sequence[str]) -> list[int]:
            nonlocal longest
            longest = max(longest, *map(len, texts), 0)
            return super().count(texts)

    Chunker(Watched(), 128).chunks(document)
    return longest


@pytest.mark.parametrize("what", ["heading", "header", "answer", "alternative", "keyword", "title"])
def test_the_tokenizer_is_never_given_a_megabyte(what: str) -> None:
    """It needs tens of bytes for each, in the process that answers customers. A twentieth of one shows it as well."""
    huge = "word " * 10_000
    text = Block(BlockKind.TEXT, "Short.")
    documents = {
        "heading": Document("Guide", (Block(BlockKind.HEADING, huge, level=2), text)),
        "header": Document("Guide", (Block(BlockKind.TABLE, f"| {huge} |\n| --- |\n| a |"),)),
        "answer": Document("FAQ", entries=(FaqEntry("Q?", huge),)),
        "alternative": Document("FAQ", entries=(FaqEntry("Q?", "A.", alternatives=(huge,)),)),
        "keyword": Document("FAQ", entries=(FaqEntry("Q?", "A.", keywords=(huge,)),)),
        "title": Document(huge, (text,)),
    }

    assert longest_counted(documents[what]) <= 10_000


def test_a_heading_as_long_as_a_page_is_text_and_not_repeated_for_each_passage() -> None:
    document = Document(
        "Guide",
        (
            Block(BlockKind.HEADING, "Refunds", level=1),
            Block(BlockKind.HEADING, "word " * 2000, level=2),
            *(Block(BlockKind.TEXT, f"Paragraph {number} of this page.") for number in range(200)),
        ),
    )

    chunks = Chunker(COUNTER, 64).chunks(document)

    assert {chunk.section for chunk in chunks} == {"Refunds"}
    assert squeezed("".join(chunk.content for chunk in chunks)).startswith(squeezed("word " * 2000))


def test_of_a_document_of_too_many_passages_the_rest_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0

    class Counting(WordPieceCounter):
        def count(self, texts: Sequence[str]) -> list[int]:
            nonlocal counted
            counted += sum(map(len, texts))
            return super().count(texts)

    monkeypatch.setattr(chunker, "MOST_TEXTS", 10)
    text = "word" * 500_000

    with pytest.raises(UnreadableDocument, match="more than 10 passages"):
        Chunker(Counting(), 32).chunks(Document("Data", (Block(BlockKind.TEXT, text),)))

    assert counted < len(text)
