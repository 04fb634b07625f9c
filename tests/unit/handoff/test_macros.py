"""Saved replies: what a file may say, and what a message calls."""

from __future__ import annotations

import pytest

from handoff.thread.macros import BadMacros, Macros, parse_macros

FILE = """
- name: refund
  title: How refunds work
  text:
    en: "Hello {customer}, your ticket is {ticket}. {agent}"
    DE: "Guten Tag {customer}, {agent}"
- name: hours
  text: "We open at nine."
"""
KNOWN = {"customer": "Ada", "agent": "Grace", "ticket": "TKT-1"}


@pytest.fixture
def macros() -> Macros:
    return parse_macros(FILE)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en-US", "Hello Ada, your ticket is TKT-1. Grace"),
        ("de_AT", "Guten Tag Ada, Grace"),
        ("ar", "Hello Ada, your ticket is TKT-1. Grace"),
        (None, "Hello Ada, your ticket is TKT-1. Grace"),
    ],
)
def test_in_the_customers_language(macros: Macros, locale: str | None, said: str) -> None:
    refund = macros.named("Refund")
    assert refund is not None
    assert refund.said(locale, "en", KNOWN) == said


def test_a_customer_without_a_name_leaves_no_hole(macros: Macros) -> None:
    refund = macros.named("refund")
    assert refund is not None
    assert refund.said("en", "en", {**KNOWN, "customer": ""}) == "Hello, your ticket is TKT-1. Grace"


def test_the_title_is_the_name_where_there_is_none(macros: Macros) -> None:
    assert [one.title for one in macros.all] == ["How refunds work", "hours"]


def test_what_a_message_calls(macros: Macros) -> None:
    called = macros.called(" !REFUND\nAnd have a nice day ")
    assert called is not None
    assert (called[0], called[2]) == (macros.named("refund"), "And have a nice day")
    unknown = macros.called("!refnud")
    assert unknown is not None
    assert (unknown[0], unknown[1]) == (None, "refnud")
    for text in ("!important: read this", "Hello !refund", "!", "refund", "!! refund"):
        assert macros.called(text) is None, text
    assert Macros().called("!refund") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("- name: [", "YAML"),
        ("refund: Hello", "list"),
        ("- Hello", "must have name"),
        ("- name: Re fund\n  text: x", "small letters"),
        ("- name: refund", "text must be"),
        ("- name: refund\n  text: {en: ''}", "empty"),
        ("- name: refund\n  text: 'Hello {boss}'", "{boss}"),
        ("- name: refund\n  text: 'Hello {customer.__class__}'", "none of"),
        ("- name: refund\n  text: 'Hello {customer!r}'", "none of"),
        ("- name: refund\n  text: 'Hello {'", "brace"),
        ("- name: a\n  text: x\n- name: a\n  text: y", "more than once"),
        ("\n".join(f"- name: m{number}\n  text: x" for number in range(101)), "menu"),
        (f"- name: a\n  text: {'x' * 3001}", "3000"),
    ],
)
def test_what_cannot_be_said_is_found_at_the_start(text: str, why: str) -> None:
    with pytest.raises(BadMacros, match=why):
        parse_macros(text)


def test_an_empty_file_has_none() -> None:
    assert parse_macros("") == Macros()
