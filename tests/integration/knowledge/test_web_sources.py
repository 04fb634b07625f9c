"""What lies on the web is searched like what lies in a folder, with its own address as the source of each statement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.knowledge import KnowledgeAudience
from knowledge.open import open_knowledge
from knowledge.settings import KnowledgeSettings
from knowledge.sources import SourceOptions
from tests.integration.knowledge.conftest import PATIENCE
from tests.integration.sources.site import Site, page, serving


@pytest.mark.slow
async def test_a_site_a_crawl_and_an_answer(settings: KnowledgeSettings, tmp_path: Path) -> None:
    async with serving(Site()) as site:
        site.pages = {
            "/": page("Help", "/refunds", "/internal/margins"),
            "/refunds": page("Refunds", body="You get your money back within thirty days."),
            "/internal/margins": page("Margins", body="The margin on lamps is forty percent."),
        }
        public = SourceOptions(f"{site.address}/", pause=0.0, exclude=("internal",), category="Shop", language="en")
        staff = SourceOptions(f"{site.address}/internal/margins", pause=0.0, audience=KnowledgeAudience.STAFF)
        knowledge = open_knowledge(replace(settings, sources=(public, staff), mirrors=tmp_path / "mirrors"))
        await knowledge.start()
        try:
            await knowledge.warm(PATIENCE)
            roots = [public.root, staff.root]
            early = await knowledge.writer.index(roots)
            assert {root for root, _ in early.failures} == set(roots), "nothing was fetched yet"

            await knowledge.refresh.run(roots)
            report = await knowledge.writer.index(roots)

            assert (report.indexed, report.failures) == (3, ())
            found = await knowledge.retriever.retrieve("Can I get my money back?", category="shop")
            assert found.passages[0].url == f"{site.address}/refunds"
            assert found.passages[0].language == "en"
            elsewhere = await knowledge.retriever.retrieve("Can I get my money back?", language="de")
            assert elsewhere.passages == ()
            here = await knowledge.retriever.retrieve("Can I get my money back?", language="en-GB")
            assert here.passages[0].id == found.passages[0].id
            question = "What is the margin on lamps?"
            for_customers = await knowledge.retriever.retrieve(question, limit=50)
            assert all("margin on lamps" not in passage.content for passage in for_customers.passages)
            for_staff = await knowledge.retriever.retrieve(question, audience=KnowledgeAudience.STAFF)
            assert "forty percent" in for_staff.passages[0].content

            site.pages = {"*": 500}
            await knowledge.refresh.run(roots)
            away = await knowledge.writer.index(roots)
            assert (away.removed, away.unchanged) == (0, 3)
            assert {root for root, _ in away.failures} == set(roots)
        finally:
            await knowledge.close()
