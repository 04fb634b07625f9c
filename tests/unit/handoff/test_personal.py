"""What is about one customer is taken out before others are answered with it."""

from __future__ import annotations

import pytest

from handoff.learning.personal import has_gap, without_persons

NAMES = ["Ada Lovelace", "Grace", None]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Hi Ada, you can return it within 30 days.", "You can return it within 30 days."),
        ("Hello, you can return it within 30 days.\n\nBest regards\nGrace", "You can return it within 30 days."),
        ("Guten Tag Frau Lovelace, das geht.\nViele Grüße\nGrace", "Das geht."),
        ("Ask Ada's team at ada@example.com", "Ask […]'s team at […]"),
        ("Call +49 30 901820 or (0)", "Call […] or (0)"),
        ("Order AB-1234 and TKT-20261121-0001 and #77 are late", "Order […] and […] and […] are late"),
        ("Your number 4711081512 is wrong", "Your number […] is wrong"),
        ("Card 4111 1111 1111 1111 was refused", "Card […] was refused"),
        (
            "The plan costs 12000 euros or €15000 for 365 days in 2026",
            "The plan costs 12000 euros or €15000 for 365 days in 2026",
        ),
        ("It costs 1,000.50 euros", "It costs 1,000.50 euros"),
        ("Adapters are included", "Adapters are included"),
        ("Hi Anna, yes, we rent boards", "Yes, we rent boards"),
        ("Hello, Anna Maria! We rent boards", "We rent boards"),
        ("Guten Tag Frau Schmidt,\nja, das geht", "Ja, das geht"),
        ("Bonjour Madame Dupont, oui, bien sûr", "Oui, bien sûr"),
        ("Bitte fragen Sie Herrn Meier oder Frau Dr. Müller-Lüdenscheidt", "Bitte fragen Sie […] oder […]"),
        ("We rent boards all year. Best, Grace", "We rent boards all year."),
        ("On loue toute l’année. Cordialement, Grace", "On loue toute l’année."),
        ("Hello is what the program prints, once", "Hello is what the program prints, once"),
        ("Rent one early. Best boards go first", "Rent one early. Best boards go first"),
        ("The Best of them", "The Best of them"),
    ],
)
def test_only_what_is_everybody_s_is_left(text: str, left: str) -> None:
    assert without_persons(text, NAMES) == left


def test_a_gap_is_noticed() -> None:
    assert has_gap(without_persons("Ask Grace", NAMES))
    assert not has_gap("Ask anybody")
