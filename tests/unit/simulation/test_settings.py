"""A hub that plays conversations reaches nothing real, whatever its owner's settings and the played files say."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from config.cli import main
from config.simulation.town import settings_of_town

FILE = """
settings:
  {setting}
conversations:
  - id: one
    cat: c
    turns:
      - user: Hello
        says: Hello
"""


@pytest.mark.parametrize(
    "setting",
    [
        "DATABASE_URL: postgresql://real/hub",
        "TELEGRAM_API_BASE_URL: https://api.telegram.org",
        "HOST: 0.0.0.0",
        "SLACK_BOT_TOKEN: xoxb-1",
        "OPENAI_BASE_URL: https://elsewhere.example/v1",
        "OPENAI_API_KEY: of-somebody-else",
        "AZURE_OPENAI_ENDPOINT: https://elsewhere.example",
        "EMBEDDING_BASE_URL: https://elsewhere.example/v1",
        "RERANKER_URL: https://elsewhere.example/rerank",
    ],
)
@pytest.mark.parametrize("live", [(), ("--live",)])
def test_a_file_sets_how_the_hub_answers_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, live: tuple[str, ...]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-the-owner")
    file = tmp_path / "talk.yaml"
    file.write_text(FILE.format(setting=setting), encoding="utf-8")
    ran = CliRunner().invoke(main, ["replay", str(file), *live])
    assert ran.exit_code == 2
    assert f"{setting.partition(':')[0]} is set by replay" in ran.output


def test_no_tool_of_the_owner_is_taken_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    servers = {"shop": {"url": "https://mcp.example.com", "headers": {"Authorization": "Bearer real"}}}
    monkeypatch.setenv("MCP_SERVERS", json.dumps(servers))
    monkeypatch.setenv("TOOLS_PATH", str(tmp_path))
    monkeypatch.setenv("COMPANY_NAME", "Tidepool")
    fake = cast(Any, SimpleNamespace(api_url="http://x", url="http://x", imap_url="imap://x", smtp_url="smtp://x"))
    played = settings_of_town(tmp_path, 8090, fake, fake, fake, fake, {})
    assert (played.company_name, played.tools_path, dict(played.mcp_servers)) == ("Tidepool", None, {})
