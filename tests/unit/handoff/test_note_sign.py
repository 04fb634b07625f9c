"""What staff see as the beginning of a message decides whether it is a note."""

from __future__ import annotations

import pytest

from handoff.thread.note_sign import begins_with


@pytest.mark.parametrize("before", ["", "  ", "\n", "\u00a0", "\u200b", "\u200f", "*", "_", "~", "> ", "• ", "> *_"])
def test_what_is_not_seen_before_the_sign_does_not_send_a_note_to_the_customer(before: str) -> None:
    assert begins_with("//", f"{before}// he is a fraud")


@pytest.mark.parametrize("text", ["", "/", "and // so", "https://example.com", "`// a comment`", "/ / no", "*bold* //"])
def test_a_message_is_a_message(text: str) -> None:
    assert not begins_with("//", text)


def test_the_sign_may_be_a_mark_of_its_own() -> None:
    assert begins_with("*", "*note")
    assert begins_with(">", " > note")
    assert not begins_with("", "anything")
