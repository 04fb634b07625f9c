"""What the settings say about the knowledge base arrives there."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.knowledge.knowledge_parts import knowledge_settings
from config.processes.environment import program_environment
from config.settings import Settings, read_settings
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


def test_a_server_that_embeds_and_how_exactly_a_model_runs_can_be_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    named = {
        "EMBEDDING_BASE_URL": "http://127.0.0.1:11434/v1",
        "EMBEDDING_API_KEY": "sk-secret",
        "EMBEDDING_MODEL": "embeddinggemma",
        "EMBEDDING_DIMENSIONS": "256",
        "EMBEDDING_LIMIT": "2048",
        "EMBEDDING_PRECISION": "int8",
        "EMBEDDING_CACHE": str(tmp_path / "elsewhere"),
    }
    for name, value in named.items():
        monkeypatch.setenv(name, value)

    knowledge = knowledge_settings(read_settings())

    assert (knowledge.embedding_url, knowledge.embedding_key) == ("http://127.0.0.1:11434/v1", "sk-secret")
    assert (knowledge.embedding_model, knowledge.embedding_dimensions) == ("embeddinggemma", 256)
    assert (knowledge.embedding_limit, knowledge.embedding_precision) == (2048, "int8")
    assert knowledge.models == tmp_path / "elsewhere"
    assert "sk-secret" not in repr(knowledge)


@pytest.mark.parametrize(
    ("name", "value"), [("EMBEDDING_PRECISION", "int4"), ("EMBEDDING_DIMENSIONS", "0"), ("EMBEDDING_LIMIT", "few")]
)
def test_what_no_model_can_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=name):
        read_settings()


def test_the_largest_document_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert knowledge_settings(read_settings()).max_file_bytes == 100 * 1024**2
    monkeypatch.setenv("KNOWLEDGE_MAX_FILE_BYTES", "5000")
    assert knowledge_settings(read_settings()).max_file_bytes == 5000
    monkeypatch.setenv("KNOWLEDGE_MAX_FILE_BYTES", "0")
    with pytest.raises(ConfigError, match="KNOWLEDGE_MAX_FILE_BYTES"):
        read_settings()


def test_programs_beside_the_hub_get_none_of_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets have many names; so what is passed on is listed, and every setting of the hub is kept from it."""
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "secret")
    monkeypatch.setenv("SOMEBODY_ELSES_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    passed = program_environment()
    assert "secret" not in passed.values()
    assert passed["HTTPS_PROXY"] == "http://proxy:3128"
    assert "PATH" in passed
