"""A line that tells staff to press something names what stands on the button in their language."""

from __future__ import annotations

import pytest

from handoff.texts import languages, say


@pytest.mark.parametrize("language", sorted(languages()))
def test_whoever_writes_unclaimed_is_told_the_button_that_is_there(language: str) -> None:
    assert say("press_claim", language) in say("staff_inside_unclaimed", language)
