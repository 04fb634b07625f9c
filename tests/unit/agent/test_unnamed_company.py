"""A hub that was not told its company's name speaks without one, in every language."""

from __future__ import annotations

import pytest

from core.agent.language import packs
from core.agent.prompting import system_prompt
from core.agent.texts import Texts

LANGUAGES = sorted(code for code, pack in packs().items() if pack.texts)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["greeting", "identity"])
def test_what_it_says_of_itself_has_no_hole(language: str, name: str) -> None:
    said = Texts(language, "").say(name)
    assert packs()[language].texts["unnamed_company"] in said
    assert "{" not in said
    assert "  " not in said
    assert "Acme" in Texts(language, "Acme").say(name)


@pytest.mark.parametrize("name", ["system", "summary", "draft", "translate", "colleague"])
def test_no_prompt_has_a_hole(name: str) -> None:
    assert "{company}" not in system_prompt("", name).content
    assert " of ." not in system_prompt("", name).content
