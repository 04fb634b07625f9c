"""What the marks of a text mean."""

from __future__ import annotations

import pytest

from channels.markdown.parse import open_fence, parse
from channels.markdown.tree import (
    Align,
    Bold,
    Break,
    Code,
    CodeBlock,
    Heading,
    Inline,
    Italic,
    Item,
    Items,
    Link,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Table,
    Text,
)


def _runs(text: str) -> tuple[Inline, ...]:
    (block,) = parse(text)
    assert isinstance(block, Paragraph)
    return block.children


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("plain", (Text("plain"),)),
        ("**b**", (Bold((Text("b"),)),)),
        ("*i* _j_", (Italic((Text("i"),)), Text(" "), Italic((Text("j"),)))),
        ("~~s~~", (Strike((Text("s"),)),)),
        ("`a*b`", (Code("a*b"),)),
        ("**b *bi***", (Bold((Text("b "), Italic((Text("bi"),)))),)),
        ("****twice****", (Bold((Text("twice"),)),)),
        ("**open", (Text("**open"),)),
        ("a\nb", (Text("a"), Break(), Text("b"))),
        ("a  \nb", (Text("a"), Break(), Text("b"))),
        (r"\*a\* &lt;b&gt;", (Text("*a* <b>"),)),
        ("<b onclick='x()'>raw</b>", (Text("<b onclick='x()'>raw</b>"),)),
        ("see [1] and [2, 3]", (Text("see [1] and [2, 3]"),)),
        ("snake_case_name", (Text("snake_case_name"),)),
    ],
)
def test_runs(text: str, runs: tuple[Inline, ...]) -> None:
    assert _runs(text) == runs


@pytest.mark.parametrize(
    ("text", "label", "url"),
    [
        ("[a](https://x.y/z?q=1&r=2)", "a", "https://x.y/z?q=1&r=2"),
        ("[a](mailto:me@x.y)", "a", "mailto:me@x.y"),
        ("[a](tel:+491234)", "a", "tel:+491234"),
        ("<https://x.y>", "https://x.y", "https://x.y"),
        ("<me@x.y>", "me@x.y", "mailto:me@x.y"),
        ("<https://x.y/a%20b>", "https://x.y/a%20b", "https://x.y/a%20b"),
        ("![alt *text*](https://x.y/i.png)", "alt text", "https://x.y/i.png"),
        ("![](https://x.y/i.png)", "https://x.y/i.png", "https://x.y/i.png"),
        ("[](https://x.y)", "https://x.y", "https://x.y"),
        ("https://x.y/a_(b)_c", "https://x.y/a_(b)_c", "https://x.y/a_(b)_c"),
    ],
)
def test_links(text: str, label: str, url: str) -> None:
    assert _runs(text) == (Link((Text(label),), url),)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a](javascript:alert(1))", "a"),
        ("[a](JaVaScRiPt:alert(1))", "a"),
        ("[a](data:text/html,x)", "a"),
        ("[a](vbscript:x)", "a"),
        ("[a](ftp://x.y)", "a"),
        ("[a](/relative)", "a"),
        ("[a](//x.y)", "a"),
        ("[a](https:)", "a"),
        ("![alt](data:image/png;base64,AAAA)", "alt"),
        ("<ftp://x.y>", "ftp://x.y"),
        ("http://", "http://"),
    ],
)
def test_other_addresses_become_their_text(text: str, shown: str) -> None:
    assert _runs(text) == (Text(shown),)


def test_a_typed_address_ends_before_the_punctuation_of_the_sentence() -> None:
    assert _runs("(see https://x.y/a?b=c).") == (
        Text("(see "),
        Link((Text("https://x.y/a?b=c"),), "https://x.y/a?b=c"),
        Text(")."),
    )


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://x.y/a))", "https://x.y/a"),
        ("https://x.y/(a))", "https://x.y/(a)"),
        ("https://x.y/a].)", "https://x.y/a"),
        ("https://x.y/?!", "https://x.y/"),
        ("https://x.y/(a).", "https://x.y/(a)"),
    ],
)
def test_brackets_around_a_typed_address(typed: str, address: str) -> None:
    assert _runs(typed) == (Link((Text(address),), address), Text(typed.removeprefix(address)))


def test_thousands_of_open_brackets_are_text() -> None:
    assert _runs("[a](https://x.y) " + "![" * 20_000)[0] == Text("[a](")


def test_a_link_around_an_image_is_one_link() -> None:
    assert _runs("[![logo](https://i.j/l.png)](https://x.y)") == (Link((Text("logo"),), "https://x.y"),)


def test_blocks() -> None:
    text = "# One\n\npara\n\n---\n\n> quoted\n\n```py x\na < b\n\n  c\n```\n\n    indented"
    assert parse(text) == (
        Heading((Text("One"),), 1),
        Paragraph((Text("para"),)),
        Rule(),
        Quote((Paragraph((Text("quoted"),)),)),
        CodeBlock("a < b\n\n  c", "py"),
        CodeBlock("indented"),
    )


def test_lists() -> None:
    numbered = (Item((Paragraph((Text("a"),), tight=True),), 3), Item((Paragraph((Text("b"),), tight=True),), 4))
    assert parse("3. a\n3. b") == (Items(numbered),)
    nested = Items((Item((Paragraph((Text("x"),), tight=True),), 1),))
    assert parse("- one\n  1. x\n- two") == (
        Items((Item((Paragraph((Text("one"),), tight=True), nested)), Item((Paragraph((Text("two"),), tight=True),)))),
    )
    (loose,) = parse("- one\n\n- two")
    assert isinstance(loose, Items)
    assert not loose.tight


def test_a_table() -> None:
    (table,) = parse("| a | **b** | c |\n|---|:-:|--:|\n| 1 | 2 |")
    assert isinstance(table, Table)
    head, row = table.children
    assert [cell.align for cell in head.children] == [None, Align.CENTER, Align.END]
    assert [cell.children for cell in row.children] == [(Text("1"),), (Text("2"),), ()]


@pytest.mark.parametrize("mark", ["> ", "- ", "1. ", "> - "])
def test_what_is_nested_too_deep_is_still_there(mark: str) -> None:
    assert "treasure" in repr(parse(mark * 400 + "treasure"))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t\n", "\u00a0"])
def test_nothing_to_see(text: str) -> None:
    assert parse(text) == ()


def test_a_definition_does_not_hide_what_was_written() -> None:
    assert _runs("[Note]: restart") == (Text("[Note]: restart"),)


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        ("a", None),
        ("", None),
        ("```\na\n```", None),
        ("```\na", "```"),
        ("```", "```"),
        ("~~~~ py\n```\n", "~~~~"),
        ("- ```\n  a", None),
        ("    ```", None),
    ],
)
def test_an_open_fence(text: str, fence: str | None) -> None:
    assert open_fence(text) == fence
