"""Keys survive any provider id."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.domain.errors import InvalidInput
from core.domain.keys import ConversationKey, EventKey

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
"""Also NUL, colons, percent signs and half surrogate pairs."""
PARTS = st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT)


@pytest.mark.parametrize("key", [ConversationKey, EventKey])
@given(parts=PARTS)
@example(parts=("a:b", "%3A", ":"))
@example(parts=("", "", ""))
@example(parts=("\ud83d", "\ude00", "\ud83d\ude00"))
@example(parts=("\x00", "ü/+ ", "😀"))
def test_a_key_reads_what_it_wrote(key: type[ConversationKey] | type[EventKey], parts: tuple[str, str, str]) -> None:
    written = str(key(*parts))
    assert key.parse(written) == key(*parts)
    assert written.isascii()
    assert written.count(":") == 2


@given(one=PARTS, other=PARTS)
@example(one=("a", "b:c", "d"), other=("a:b", "c", "d"))
@example(one=("a", "b", "\ufffd"), other=("a", "b", "\ud800"))
def test_different_conversations_have_different_ids(one: tuple[str, str, str], other: tuple[str, str, str]) -> None:
    first, second = ConversationKey(*one), ConversationKey(*other)
    assert (str(first) == str(second)) == (one == other)
    assert (first.conversation_id == second.conversation_id) == (one == other)
    assert len(first.conversation_id) == 32


@given(text=ANY_TEXT)
@example(text="a:b:%FF")
@example(text="a:b")
@example(text="a:b:c:d")
def test_anything_else_is_refused_as_input(text: str) -> None:
    try:
        key = EventKey.parse(text)
    except InvalidInput:
        return
    assert EventKey.parse(str(key)) == key
