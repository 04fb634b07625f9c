"""What the settings say about the knowledge base arrives there."""

from __future__ import annotations

import pytest

from config.parts import knowledge_settings
from config.settings import read_settings
from core.domain.errors import ConfigError


def test_prompts_and_threshold_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_QUERY_PROMPT", "query: ")
    monkeypatch.setenv("EMBEDDING_DOCUMENT_PROMPT", "passage: ")
    monkeypatch.setenv("KNOWLEDGE_THRESHOLD", "0.3")

    knowledge = knowledge_settings(read_settings())

    assert (knowledge.query_prompt, knowledge.document_prompt) == ("query: ", "passage: ")
    assert knowledge.threshold == 0.3


def test_left_out_they_are_the_models_own() -> None:
    knowledge = knowledge_settings(read_settings())
    assert (knowledge.query_prompt, knowledge.document_prompt, knowledge.threshold) == (None, None, None)


@pytest.mark.parametrize("threshold", ["1.5", "-2", "high"])
def test_a_threshold_that_is_no_cosine_is_refused(monkeypatch: pytest.MonkeyPatch, threshold: str) -> None:
    monkeypatch.setenv("KNOWLEDGE_THRESHOLD", threshold)
    with pytest.raises(ConfigError, match="KNOWLEDGE_THRESHOLD"):
        read_settings()
