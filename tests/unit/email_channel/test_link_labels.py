"""Where a link of an HTML mail leads: nothing that its label says hides it."""

from __future__ import annotations

import pytest

from channels.email.html_text import html_to_text


@pytest.mark.parametrize(
    ("label", "address", "read"),
    [
        ("our prices", "https://example.com/p", "our prices <https://example.com/p>"),
        ("https://example.com/p", "https://example.com/p/", "https://example.com/p"),
        ("example.com", "https://example.com/p?campaign=1", "example.com"),
        ("a@example.com", "mailto:a@example.com?subject=Hi", "a@example.com"),
        ("bank.example", "https://evil.example/?bank.example", "bank.example <https://evil.example/?bank.example>"),
        ("bank.example", "https://bank.example.evil.example/", "bank.example <https://bank.example.evil.example/>"),
        ("bank.example", "https://bank.example@evil.example", "bank.example <https://bank.example@evil.example>"),
        (
            "https://bank.example",
            "https://evil.example/https://bank.example",
            "https://bank.example <https://evil.example/https://bank.example>",
        ),
        (
            "bank.example/https://evil.example",
            "https://evil.example",
            "bank.example/https://evil.example <https://evil.example>",
        ),
        ("a label", "javascript:alert(1)", "a label"),
    ],
)
def test_a_label_never_hides_another_host(label: str, address: str, read: str) -> None:
    assert html_to_text(f'<p><a href="{address}">{label}</a></p>') == read
