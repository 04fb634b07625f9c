"""What staff mean who ask whether this came up before, and nothing else."""

from __future__ import annotations

import pytest

from handoff.thread.seen_before import asks_whether_seen


@pytest.mark.parametrize(
    "text",
    [
        "have we seen this before?", "Have we had this problem before", "seen this before?", "did we ever get this already?",
        "Did we solve this before?", "is this a known issue?", "similar tickets?", "Are there any similar cases?",
        "any cases like this?", "show me similar tickets", "anything like this before?", "Has anyone seen it before?",
        "Have we seen something like this before?", "is that new?",
        "Hatten wir das schon mal?", "haben wir so was schon gesehen?", "Gab es das schon einmal?", "ähnliche Fälle?",
        "Gibt es ähnliche Tickets?", "Ist das bekannt?",
        "Avons-nous déjà vu ça ?", "est-ce qu’on a déjà eu ce problème ?", "Des cas similaires ?", "A-t-on déjà vu cela ?",
        "¿Hemos visto esto antes?", "¿Ya hemos tenido este problema?", "¿Hay casos similares?",
        "هل رأينا هذا من قبل؟", "هل هناك حالات مشابهة؟",
    ],
)  # fmt: skip
def test_it_is_asked(text: str) -> None:
    assert asks_whether_seen(text)


@pytest.mark.parametrize(
    "text",
    [
        "have we seen a lamp that flickers before?", "what is our refund policy?", "have we seen the invoice?", "", "?",
        "is this refundable?", "do we have tickets for the concert?", "and in France?", "similar",
        "did we answer this with a refund before?", "Haben wir das Ersatzteil schon?", "Ist das erlaubt?",
        "Have we seen this before? And what is our refund policy?",
    ],
)  # fmt: skip
def test_whoever_says_more_is_asked_for_that(text: str) -> None:
    assert not asks_whether_seen(text)
