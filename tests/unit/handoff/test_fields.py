"""The setting that names a company's own fields, and what the fields take."""

from __future__ import annotations

import pytest

from config.desk.fields import BadFields, parse_fields
from handoff.settings import TicketField
from handoff.tickets import given_values


def test_names_with_and_without_choices() -> None:
    assert parse_fields(" Plan: free, pro ,free;\nOrder number;; ") == (
        TicketField("Plan", ("free", "pro")),
        TicketField("Order number"),
    )
    assert parse_fields("") == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Plan: ,", "names no choices"),
        (": free", "no name of a field"),
        ("x" * 41, "no name of a field"),
        ('"quoted"', "no name of a field"),
        ("Plan; plan: a", "stands there twice"),
        ("; ".join(f"F{number}" for number in range(11)), "10 fit into the form"),
        ("Plan: " + "x" * 76, "75 characters"),
        ("Plan: " + ",".join(map(str, range(51))), "50 choices"),
    ],
)
def test_what_cannot_be_a_field_is_named(text: str, says: str) -> None:
    with pytest.raises(BadFields, match=says):
        parse_fields(text)


def test_only_what_a_field_takes_is_taken() -> None:
    fields = parse_fields("Plan: free, pro; Order")
    assert given_values(fields, {"Plan": "gold", "Order": "a\x00\tb", "Other": "x"}) == {"Order": "a b"}
    assert given_values(fields, {"Plan": "", "Order": " "}) == {"Plan": "", "Order": ""}
    assert given_values(fields, {}) == {}
