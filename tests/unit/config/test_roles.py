"""What a process does by its role."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from config.hub import Hub
from config.knowledge.elsewhere_retriever import ElsewhereRetriever
from config.settings import Settings, read_settings
from core.domain.errors import ConfigError, KnowledgeUnavailable

POSTGRES = "postgresql://localhost/none"


def _settings(tmp_path: Path, **given: Any) -> Settings:
    return read_settings(data_dir=tmp_path / "var", secret_key="k" * 32, **given)


def test_several_processes_need_postgresql(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PostgreSQL"):
        Hub(_settings(tmp_path), "worker")


def test_several_processes_need_one_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        Hub(read_settings(data_dir=tmp_path / "var", database_url=POSTGRES), "web")


@pytest.mark.parametrize(
    ("given", "takes"),
    [({}, False), ({"attachments_url": "s3://bucket"}, True), ({"data_dir_shared": True}, True)],
)
def test_a_web_process_takes_only_files_that_workers_can_read(
    tmp_path: Path, given: dict[str, Any], takes: bool
) -> None:
    assert Hub(_settings(tmp_path, database_url=POSTGRES, **given), "web").takes_files is takes


async def test_a_web_process_does_not_claim_that_there_is_nothing_to_find() -> None:
    with pytest.raises(KnowledgeUnavailable, match="workers"):
        await ElsewhereRetriever().retrieve("anything")
    assert await ElsewhereRetriever().ready() is False
