"""Sources under an answer."""

from __future__ import annotations

import pytest

from channels.footnotes import compact, referred, with_sources
from channels.markdown.parse import parse
from channels.markdown.plain import PlainDialect
from channels.markdown.write import write
from core.domain.messages import Citation


def citation(title: str, **more: object) -> Citation:
    return Citation(id="c", title=title, content="…", source="file.md", score=0.9, **more)  # type: ignore[arg-type]


POLICY = citation("Refund *policy*", section="Returns", page=2, url="https://x.y/a b?c=(d)")
HANDBOOK = citation("Handbook", page=3)
FAQ = citation("", url="file:///secret")
ALL = [POLICY, HANDBOOK, FAQ]


def shown(markdown: str) -> str:
    return write(parse(markdown), PlainDialect())


def test_only_what_the_text_refers_to() -> None:
    assert shown(with_sources("Yes [2].", ALL, "en")) == "Yes [2].\n\nSources\n[2] Handbook, p. 3"


def test_all_when_it_refers_to_none() -> None:
    assert shown(with_sources("Yes.", ALL, "en")) == (
        "Yes.\n\nSources\n[1] Refund *policy* (https://x.y/a%20b?c=(d)), Returns\n[2] Handbook, p. 3\n[3] file.md"
    )


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a [1] b [3]", [1, 3]),
        ("a [1, 2]", [1, 2]),
        ("- **a [^2]**", [2]),
        ("a 【3†source】", [3]),
        ("`[1]` [2]", [2]),
        ("```\n[1]\n```\n[2]", [2]),
        ("[1](https://x.y) [2]", [2]),
        ("[7]", [1, 2, 3]),
        ("[0]", [1, 2, 3]),
        ("", [1, 2, 3]),
    ],
)
def test_what_is_referred_to(text: str, numbers: list[int]) -> None:
    assert [number for number, _ in referred(parse(text), ALL)] == numbers


@pytest.mark.parametrize(
    ("locale", "title", "page"),
    [
        ("de-AT", "Quellen", "S. 3"),
        ("fr", "Sources", "p. 3"),
        ("es_MX", "Fuentes", "pág. 3"),
        ("AR", "المصادر", "ص 3"),
        ("ja", "Sources", "p. 3"),
        (None, "Sources", "p. 3"),
    ],
)
def test_languages(locale: str | None, title: str, page: str) -> None:
    assert shown(with_sources("x [2]", ALL, locale)) == f"x [2]\n\n{title}\n[2] Handbook, {page}"


def test_no_citations_leave_the_text_alone() -> None:
    assert with_sources("a \n", [], "en") == "a \n"
    assert compact("a \n", [], "en") == "a \n"


def test_an_empty_text_has_its_sources_only() -> None:
    assert shown(with_sources("", [HANDBOOK], "en")) == "Sources\n[1] Handbook, p. 3"


@pytest.mark.parametrize(
    "text", ["```py\ncode [1]", "- a\n- b", "> quote", "| a |\n|---|\n| b |", "a **b", "a `b", "~~~\nx"]
)
def test_sources_stand_apart_from_what_is_open(text: str) -> None:
    before = parse(text)
    after = parse(with_sources(text, [HANDBOOK], "en"))
    assert after[: len(before)] == before
    assert shown(with_sources(text, [HANDBOOK], "en")).endswith("\n\nSources\n[1] Handbook, p. 3")


def test_compact_is_one_short_line_per_source() -> None:
    long = citation("Title " * 20, url="https://x.y/1")
    assert shown(compact("Yes [1, 2].", [long, HANDBOOK], "de")) == (
        f"Yes [1, 2].\n\n[1] {('Title ' * 20)[:59]}… https://x.y/1\n[2] Handbook, S. 3"
    )


@pytest.mark.parametrize(
    "title", ["a](javascript:x)", "`a`", "<b>", "a_b_c", "# a", "x\n\ny", "![a](b)", "https://q.r/_s_"]
)
def test_a_title_is_no_markdown(title: str) -> None:
    line = shown(with_sources("x", [citation(title)], "en")).split("\n")[-1]
    assert line == f"[1] {' '.join(title.split())}"
