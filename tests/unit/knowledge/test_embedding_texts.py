"""Broken Unicode, prompts, and tokens counted without a tokenizer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embed.prompts import Prompts, prompts_for
from knowledge.embed.retry_after import retry_after
from knowledge.embed.token_estimate import estimated_tokens, start_within
from knowledge.embed.wellformed import well_formed
from tests.unit.knowledge.wordpiece import WordPieceCounter

_ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(_ANY_TEXT)
def test_what_is_no_unicode_becomes_unicode_and_the_rest_stays(text: str) -> None:
    (mended,) = well_formed([text])
    mended.encode()
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert mended == text


def test_two_halves_of_a_character_are_joined_and_one_alone_is_replaced() -> None:
    assert well_formed(["\ud83d\ude42", "a\ud83d", "fine €"]) == ["🙂", "a�", "fine €"]


@pytest.mark.parametrize(
    ("model", "own", "given_prompt", "expected"),
    [
        ("google/embeddinggemma-300m", {"query": "q: ", "document": "d: "}, None, Prompts("q: ", "d: ")),
        ("copies/embeddinggemma-300m", {}, None, Prompts("task: search result | query: ", "title: none | text: ")),
        ("intfloat/e5-base-v2", {"query": "", "document": ""}, None, Prompts("query: ", "passage: ")),
        ("jinaai/any", {"retrieval.query": "Q ", "retrieval.passage": "P "}, None, Prompts("Q ", "P ")),
        ("intfloat/e5-base-v2", {}, "", Prompts("", "passage: ")),
        ("all-MiniLM-L6-v2", {}, None, Prompts("", "")),
    ],
)
def test_prompts_are_the_settings_then_the_models_own_then_its_familys(
    model: str, own: dict[str, str], given_prompt: str | None, expected: Prompts
) -> None:
    assert prompts_for(model, own, given_prompt, None) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Refunds arrive within five working days on the card that you paid with.",
        "Donaudampfschifffahrtsgesellschaftskapitän, außergewöhnlich überfällig",
        "我的订单什么时候发货？请帮我查询一下物流信息。",
        "Error 0x80070005 in C:\\Program Files\\App\\setup.log (E_ACCESSDENIED)",
        "Не могу войти в личный кабинет после обновления приложения.",
        "🎉🙂 👍🏽",
        "",
    ],
)
def test_the_estimate_is_rather_too_high(text: str) -> None:
    assert estimated_tokens(text) >= WordPieceCounter().count([text])[0]


@given(_ANY_TEXT, st.integers(0, 40))
def test_a_start_within_tokens_is_a_start_and_within(text: str, tokens: int) -> None:
    start = start_within(text, tokens)
    assert text.startswith(start)
    assert estimated_tokens(start) <= tokens or not start.strip()
    if estimated_tokens(text) <= tokens:
        assert start == text


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, now=60.0) == seconds
