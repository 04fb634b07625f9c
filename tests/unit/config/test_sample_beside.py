"""The sample's documents, which are in the index from a try-out, answer nobody once a company has configured its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from config.knowledge.indexing import Indexing
from core.domain.errors import KnowledgeUnavailable
from core.domain.knowledge import Retrieval
from core.ports.metrics import NoMetrics
from knowledge.open import SAMPLE
from knowledge.sources.files import identity_of
from tests.unit.config.test_indexing import WARRANTY, Patient
from tests.unit.core.eventually import eventually


@pytest.mark.parametrize(
    ("source", "answers"),
    [("./docs", False), (str(SAMPLE), True), (str(SAMPLE.parent), True), (f"{SAMPLE}/billing", True)],
)
async def test_until_the_run_has_taken_it_out(source: str, answers: bool) -> None:
    passage = replace(WARRANTY, document_id=identity_of(str(SAMPLE / "faq.yaml")))
    knowledge: Any = Patient()
    knowledge.documents = 1
    knowledge.retrieve = AsyncMock(return_value=Retrieval((passage,), threshold=0.5))
    hub = Indexing(cast("Any", knowledge), [source], NoMetrics())
    await hub.start()
    await eventually(lambda: bool(knowledge.seen))
    if answers:
        assert (await hub.retriever.retrieve("warranty")).supported == (passage,)
    else:
        with pytest.raises(KnowledgeUnavailable, match="still being read"):
            await hub.retriever.retrieve("warranty")
    knowledge.done.set()
    await hub.first_run()
