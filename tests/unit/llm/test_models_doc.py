"""The guide names settings that exist and limits that hold."""

from __future__ import annotations

import re
from pathlib import Path

from config.settings import Settings
from core.agent.language import ANSWERED, packs
from core.agent.settings import AgentSettings
from core.llm.settings import OpenAIChatSettings

DOC = (Path(__file__).parents[3] / "docs" / "howto" / "models.md").read_text(encoding="utf-8")


def test_every_setting_that_is_named_exists() -> None:
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", DOC))
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}


def test_the_limits_are_the_ones_in_the_code() -> None:
    agent, chat = AgentSettings(), OpenAIChatSettings("m", "https://x/v1/chat/completions")
    assert f"more than {agent.max_steps} steps, {agent.turn_tokens:,} tokens or {agent.turn_seconds:.0f} seconds" in DOC
    assert f"no word for {chat.first_chunk_seconds:.0f} seconds, or {chat.idle_seconds:.0f} seconds of silence" in DOC
    assert DOC.count(f"at most {chat.retry_seconds:.0f} seconds in all") == 2
    assert chat.max_attempts == 4
    assert "up to four tries" in DOC
    assert len(packs()) == len(ANSWERED) == 14
    assert "fourteen languages" in DOC
