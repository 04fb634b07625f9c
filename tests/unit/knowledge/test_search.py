"""What a search finds in one epoch: by meaning and by words, filtered, each passage once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import pytest

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.documents import Chunk
from knowledge.search.build import build_words, built_apart, words_for
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from knowledge.search.memory import MemoryCorpus, memory_corpus
from knowledge.search.words import WordIndex
from tests.unit.knowledge.bag_of_words import embed

PUBLIC = Filters(KnowledgeAudience.PUBLIC)


def chunk(title: str, content: str, **more: object) -> Chunk:
    return Chunk(title=title, content=content, embedded=(f"{title}\n{content}",), **more)  # type: ignore[arg-type]


def find(corpus: MemoryCorpus, question: str, filters: Filters = PUBLIC, limit: int = 5) -> list[Passage]:
    words = build_words(corpus.texts(), corpus.arrays.document_of)
    return search(corpus, words, question, embed([question])[0], filters, limit)


def filler(count: int = 30) -> list[tuple[str, list[Chunk]]]:
    return [
        (f"filler-{n}.md", [chunk(f"Matter {n}", f"These lines are about matter {n} alone.")]) for n in range(count)
    ]


@pytest.mark.parametrize(
    "question", ["what does ERR-1042 mean", "err1042", "I see ERR_1042 on the screen", "Error ERR/1042?"]
)
def test_an_error_code_is_found_however_it_is_spelt(question: str) -> None:
    corpus = memory_corpus([*filler(), ("codes.md", [chunk("Codes", "ERR-1042: the card was not read.")])], embed)

    first, second, *_ = find(corpus, question)
    assert first.source == "codes.md"
    assert first.score > max(0.5, second.score + 0.2)


@pytest.mark.parametrize("question", ["the 2nd time in 14 days", "is 100mb too large", "err", "1042", "ZZZ-9999"])
def test_measures_and_unknown_codes_name_nothing(question: str) -> None:
    held = chunk("Codes", "ERR-1042 comes the 2nd time in 14 days, or after 100mb.")
    words = build_words((corpus := memory_corpus([("codes.md", [held])], embed)).texts(), corpus.arrays.document_of)

    assert len(words.named(question)) == 0
    assert words.named("what is err_1042").tolist() == [0]


@pytest.mark.parametrize(
    ("language", "content", "question"),
    [
        ("de", "Kündigungen bestätigen wir innerhalb von drei Tagen.", "Kündigung"),
        ("es", "Las devoluciones se aceptan durante treinta días.", "devolucion"),
        ("fr", "Les remboursements arrivent sous dix jours.", "remboursement"),
        ("ar", "يمكنك إلغاء الاشتراك في أي وقت", "الإشتراك"),
        ("zh", "发票可以在账户页面下载。", "怎么开发票"),
        ("ja", "返品は三十日以内に可能です。", "返品したい"),
        ("th", "คุณสามารถขอคืนเงินได้ภายในสามสิบวัน", "คืนเงิน"),
        ("ko", "환불은 삼십 일 이내에 가능합니다.", "환불하고 싶어요"),
    ],
)
def test_words_meet_in_other_forms(language: str, content: str, question: str) -> None:
    corpus = memory_corpus([*filler(), ("it.md", [chunk("A", content, language=language)])], embed)

    scores = build_words(corpus.texts(), corpus.arrays.document_of).scores(question)

    assert corpus.held[int(scores.argmax())].source == "it.md"
    assert scores.max() > 0.05


def test_a_passage_of_two_documents_is_there_once_with_both_sources() -> None:
    twice = chunk("Returns", "Goods go back within thirty days.")
    corpus = memory_corpus([("a.md", [twice]), ("b.md", [twice]), *filler()], embed)

    found = find(corpus, "when do goods go back", limit=5)

    assert [passage.content for passage in found].count(twice.content) == 1
    assert {found[0].source, *found[0].also} == {"a.md", "b.md"}
    assert len(found) == 5


def test_a_notice_that_stands_everywhere_fills_no_list() -> None:
    notice = chunk("Cookies", "We use cookies on these pages about goods.")
    footers = [chunk(f"Page {number}", "Goods and more: all about goods.") for number in range(40)]
    pages = [(f"page-{number}.md", [notice, footers[number]]) for number in range(40)]
    corpus = memory_corpus([*pages, *filler()], embed)

    found = find(corpus, "all about cookies on goods and pages", limit=5)

    assert len(found) == 5
    assert len({passage.content for passage in found}) == 5
    of_notice = next(passage for passage in found if passage.content == notice.content)
    assert len({of_notice.source, *of_notice.also}) == 21


def test_equal_words_under_other_titles_are_told_once() -> None:
    same = "Goods go back within thirty days."
    corpus = memory_corpus([("a.md", [chunk("Shop", same)]), ("b.md", [chunk("Returns", same)]), *filler()], embed)

    assert [passage.content for passage in find(corpus, "goods go back within days")].count(same) == 1


def test_one_document_does_not_fill_the_list() -> None:
    long = [chunk("Guide", f"The blue lamp number {n} is described here.") for n in range(20)]
    corpus = memory_corpus([("guide.md", long), ("lamp.md", [chunk("Lamp", "A blue lamp is sold.")]), *filler()], embed)

    assert "lamp.md" in {passage.source for passage in find(corpus, "blue lamp", limit=4)}


def test_filters_by_category_and_language() -> None:
    documents = [
        ("a.md", [chunk("Fees", "Fees are due monthly.", category="Billing", language="en")]),
        ("b.md", [chunk("Fees", "Fees of the staff canteen.", category="Food", language="en")]),
        ("c.md", [chunk("Fees", "Fees sind monatlich.", category="Billing", language="de")]),
        ("d.md", [chunk("Fees", "Fees 12.")]),
    ]
    corpus = memory_corpus(documents, embed)

    def sources(**filters: str) -> set[str]:
        return {p.source for p in find(corpus, "fees", Filters(KnowledgeAudience.PUBLIC, **filters))}

    assert sources(category=" billing ") == {"a.md", "c.md"}
    assert sources(category="none such") == set()
    assert sources(language="de-AT") == {"c.md", "d.md"}
    assert sources(language="en", category="Food") == {"b.md"}


def test_an_empty_corpus_and_a_question_without_words() -> None:
    empty = memory_corpus([], embed)
    assert search(empty, None, "anything", embed(["x"])[0], PUBLIC, 5) == []
    assert build_words(empty.texts(), empty.arrays.document_of).scores("anything").shape == (0,)
    some = memory_corpus(filler(3), embed)
    assert len(find(some, "?!", limit=9)) == 3
    assert len(find(some, "zzz " * 2000, limit=9)) == 3


def test_without_the_words_the_meaning_decides() -> None:
    corpus = memory_corpus([*filler(), ("a.md", [chunk("Lamp", "A blue lamp is sold.")])], embed)

    assert search(corpus, None, "x", embed(["Lamp A blue lamp is sold."])[0], PUBLIC, 1)[0].source == "a.md"


def test_the_words_come_back_from_the_disk_as_they_were(tmp_path: Path) -> None:
    corpus = memory_corpus(filler(), embed)
    made = build_words(corpus.texts(), corpus.arrays.document_of)

    first, again = words_for(corpus, tmp_path), words_for(corpus, tmp_path)

    assert len(list(tmp_path.iterdir())) == 1
    for words in (first, again):
        assert (words.scores("matter 7 alone") == made.scores("matter 7 alone")).all()
    (next(tmp_path.iterdir()) / "heads-where.npy").write_bytes(b"broken")
    assert (words_for(corpus, tmp_path).scores("matter 7") == made.scores("matter 7")).all()


def test_many_passages_are_built_apart_and_come_out_the_same(tmp_path: Path) -> None:
    corpus = memory_corpus(filler(), embed)
    made = build_words(corpus.texts(), corpus.arrays.document_of)

    assert built_apart(corpus, tmp_path / "words")

    apart = WordIndex.load(tmp_path / "words")
    assert apart is not None
    assert (apart.scores("matter 7 alone") == made.scores("matter 7 alone")).all()
    (tmp_path / "file").write_text("")
    assert not built_apart(corpus, tmp_path / "file" / "words")


def test_another_index_of_the_same_epoch_gets_its_own_words(tmp_path: Path) -> None:
    words_for(memory_corpus([("a.md", [chunk("A", "Lamps are blue.")])], embed), tmp_path)

    found = words_for(memory_corpus([("b.md", [chunk("B", "Foxes are red.")])], embed), tmp_path)

    assert found.scores("foxes").max() > 0


def test_few_caches_are_kept(tmp_path: Path) -> None:
    for epoch in range(1, 6):
        words_for(memory_corpus(filler(epoch), embed, epoch), tmp_path)

    assert len(list(tmp_path.iterdir())) == 2


def test_a_cache_of_another_layout_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "about.json").write_text('{"layout": 0}')

    assert WordIndex.load(tmp_path) is None
    assert WordIndex.load(tmp_path / "missing") is None


def test_a_site_that_claims_hundreds_of_languages_costs_no_more_than_some(tmp_path: Path) -> None:
    """Each page says its own; one that lies must not take the words from all others."""
    claimed = [f"{one}{two}" for one in ascii_lowercase for two in ascii_lowercase]
    liars = [(f"{code}.md", [chunk("T", f"Number {code}.", language=code)]) for code in claimed if code != "de"]
    german = chunk("Vertrag", "Die Verträge werden vom Kunden gekündigt.", language="de")
    corpus = memory_corpus([*liars, ("de.md", [german])], embed)

    words = build_words(corpus.texts(), corpus.arrays.document_of)

    assert len(words.languages) < 100
    assert "de" in words.languages
    assert int(words.scores("kündigen Vertrag für die Kunden").argmax()) == len(liars)


def test_what_another_process_is_writing_stays_and_what_a_killed_one_left_goes(tmp_path: Path) -> None:
    words_for(memory_corpus(filler(1), embed, 1), tmp_path)
    [cache] = tmp_path.iterdir()
    written, left = tmp_path / f"{cache.name}.7.part", tmp_path / f"{cache.name}.8.part"
    for folder in (written, left):
        folder.mkdir()
    long_ago = cache.stat().st_mtime - 7200
    os.utime(left, (long_ago, long_ago))

    for epoch in range(2, 5):
        words_for(memory_corpus(filler(epoch), embed, epoch), tmp_path)

    assert written.is_dir()
    assert not left.exists()
    assert len(list(tmp_path.iterdir())) == 3, "and it is none of the two that are kept"


@pytest.mark.parametrize("question", [[1.0, 0.0], [np.nan, np.nan]])
def test_a_vector_that_is_no_number_opens_nothing(question: list[float]) -> None:
    """NaN is sorted behind everything: behind what the filters leave out, too."""
    staff = chunk("Margins", "Forty percent.", audience=KnowledgeAudience.STAFF)
    documents = [("help.md", [chunk("Help", "Yes."), chunk("Broken", "No.")]), ("staff.md", [staff])]
    corpus = memory_corpus(
        documents, lambda texts: np.array([[np.nan] * 2 if "No." in text else [1, 0] for text in texts], np.float32)
    )

    found = search(corpus, None, "Margins", np.array(question, np.float32), PUBLIC, 5)

    assert {passage.content for passage in found} == {"Yes.", "No."}
    assert next(passage.score for passage in found if passage.content == "No.") == -1.0


def test_what_says_the_same_is_found_by_its_text_once_for_an_epoch() -> None:
    same = [chunk("Notice", "Closed on Sundays."), chunk("Other", "Open on Mondays.")]
    pages = [
        (f"{number}.md", same if number % 3 else [*same, chunk("Own", f"Number {number}.")]) for number in range(9)
    ]
    arrays = memory_corpus([*pages, *filler()], embed).arrays

    for row in range(len(arrays.document_of)):
        assert arrays.same_as(row).tolist() == np.flatnonzero(arrays.texts == arrays.texts[row]).tolist()
    assert len(arrays.same_as(0)) == 9
    assert arrays.texts is arrays.texts, "no question counts it anew"


def test_a_passage_without_a_vector_is_like_no_other() -> None:
    held = memory_corpus([("a.md", [chunk("A", "One.")] * 2)], embed).arrays
    none = np.zeros(0, np.int32)

    arrays = replace(held, vectors=held.vectors[:0], vector_of=none, passage_of=none)

    assert [arrays.same_as(row).tolist() for row in range(2)] == [[0], [1]]
