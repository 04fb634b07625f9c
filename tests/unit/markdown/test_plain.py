"""Markdown for those who see characters only."""

from __future__ import annotations

import pytest

from channels.markdown.parse import parse
from channels.markdown.plain import PlainDialect, columns, says_address
from channels.markdown.write import write

TABLE = "| City | Price |\n|---|--:|\n| Köln | 5 |\n| 東京 | 120 |"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("**b** *i* ~~s~~ `c`", "b i s c"),
        ("[docs](https://x.y/a)", "docs (https://x.y/a)"),
        ("[https://x.y/a](https://x.y/a)", "https://x.y/a"),
        ("<me@x.y>", "me@x.y"),
        ("[call](tel:+4930)", "call (tel:+4930)"),
        ("# Head\n\ntext", "Head\n\ntext"),
        ("- a\n- b\n  1. c\n  2. d", "• a\n• b\n  1. c\n  2. d"),
        ("9. a\n10. b\n    c", "9. a\n10. b\n    c"),
        ("- a\n\n  b\n\n- c", "• a\n\n  b\n\n• c"),
        ("> a\n> b\n>\n> > c", "> a\n> b\n>\n> > c"),
        ("```py\n  x\n\ny\n```", "  x\n\ny"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
        (TABLE, "City: Köln\nPrice: 5\n\nCity: 東京\nPrice: 120"),
        ("| a | b |\n|---|---|", "a | b"),
    ],
)
def test_plain(text: str, plain: str) -> None:
    assert write(parse(text), PlainDialect()) == plain


def test_a_narrow_table_stands_in_columns() -> None:
    aligned = "City  Price\n----  -----\nKöln      5\n東京    120"
    assert write(parse(TABLE), PlainDialect(columns=11)) == aligned
    assert write(parse(TABLE), PlainDialect(columns=10)).startswith("City: Köln\n")


def test_columns_show_addresses() -> None:
    text = "| a |\n|---|\n| [x](https://x.y) |"
    assert write(parse(text), PlainDialect(columns=40)) == "a\n---------------\nx (https://x.y)"


def test_columns_of_rows_without_text() -> None:
    assert columns([], []) == "\n"


def test_another_bullet() -> None:
    assert write(parse("* a"), PlainDialect(bullet="-", code_indent="    ")) == "- a"


@pytest.mark.parametrize(
    ("label", "url", "said"),
    [
        ("https://x.y/", "https://x.y", True),
        ("https://x.y/ü", "https://x.y/%C3%BC", True),
        ("me@x.y", "mailto:me@x.y", True),
        ("x.y", "https://x.y", False),
        ("https://good.com", "https://evil.com", False),
    ],
)
def test_whether_a_text_is_its_address(label: str, url: str, said: bool) -> None:
    assert says_address(label, url) is said
