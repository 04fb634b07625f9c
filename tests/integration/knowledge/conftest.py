"""Knowledge bases with the bundled model. Loading it takes seconds, so that each module shares one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from knowledge.open import Knowledge, open_knowledge
from knowledge.settings import KnowledgeSettings
from tests.e2e.knowledge_copy import copy_of, copy_talk, indexed_sample
from tests.servers.models import MODELS

PATIENCE = 240.0
"""Seconds to load the model on a machine that is busy with other tests."""


def _directory_in(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For an index, as a first start leaves it."""
    copy_talk(indexed_sample(tmp_path_factory), home)
    return home / "chroma"


@pytest.fixture
def settings(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> KnowledgeSettings:
    directory = _directory_in(tmp_path, tmp_path_factory)
    return KnowledgeSettings(directory=directory, models=MODELS, query_timeout=120.0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def knowledge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Knowledge]:
    """An empty knowledge base, ready to be asked."""
    directory = _directory_in(tmp_path_factory.mktemp("knowledge"), tmp_path_factory)
    opened = open_knowledge(KnowledgeSettings(directory=directory, models=MODELS, query_timeout=120.0))
    await opened.start()
    await opened.warm(PATIENCE)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sample(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Knowledge]:
    """The sample knowledge, indexed once for the whole run."""
    home = copy_of(indexed_sample(tmp_path_factory), tmp_path_factory.mktemp("sample"))
    opened = open_knowledge(KnowledgeSettings(directory=home / "var" / "chroma", models=MODELS, query_timeout=120.0))
    await opened.start()
    await opened.warm(PATIENCE)
    yield opened
    await opened.close()
