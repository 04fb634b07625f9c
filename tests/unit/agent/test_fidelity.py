"""What must be the same before and after a translation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.agent.translating import lost


@pytest.mark.parametrize(
    ("original", "translation"),
    [
        ("It costs 1,000.50 euros.", "Es kostet 1.000,50 Euro."),
        ("It costs 12000 euros.", "Cela coûte 12 000 euros."),
        ("On 11/12/2026 at 9:30.", "Am 11.12.2026 um 9:30."),
        ("You have 3 orders.", "لديك ٣ طلبات."),
        ("The 1st of May, at 5pm", "Der 1. Mai, um 5 Uhr nachmittags"),
        ("See https://example.com/a?b=1.", "Siehe https://example.com/a?b=1!"),
        ("Write to help@example.com", "Schreiben Sie an help@example.com"),
        ("Ticket TKT-20261121-0001, order #AB-77", "Ticket TKT-20261121-0001, Bestellung #AB-77"),
        ("Run `make all` now", "Führen Sie jetzt `make all` aus"),
        ("Nothing to keep", "Nichts zu behalten"),
    ],
)
def test_what_is_kept_is_found_again_in_the_other_language_s_writing(original: str, translation: str) -> None:
    assert lost(original, translation) == ()


@pytest.mark.parametrize(
    ("original", "translation", "missing"),
    [
        ("It costs 100 euros", "Es kostet 10 Euro", "100"),
        ("It costs 1.50 euros", "Es kostet 150 Euro", "1.50"),
        ("It costs money", "Es kostet 5 Euro", "5"),
        ("3 and 3", "3 und noch eins", "3"),
        ("See https://example.com/a", "Siehe https://example.com/b", "https://example.com/a"),
        ("See the site", "Siehe https://evil.example", "https://evil.example"),
        ("Mail a@example.com", "Schreiben Sie uns", "a@example.com"),
        ("Ticket TKT-20261121-0001", "Ticket TKT-20261121-0002", "TKT-20261121-0001"),
        ("Run `rm -r a`", "Führen Sie `rm -r b` aus", "`rm -r a`"),
    ],
)
def test_what_was_lost_or_made_up_is_named(original: str, translation: str, missing: str) -> None:
    assert missing in lost(original, translation)


@given(st.text(max_size=200))
def test_a_text_keeps_everything_of_itself(text: str) -> None:
    assert lost(text, text) == ()
