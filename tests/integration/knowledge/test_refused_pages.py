"""What a site shows only to those who log in is found by no customer from the next run on, and by staff until it is gone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.domain.knowledge import KnowledgeAudience
from knowledge.index.order import IndexOrder, Origin
from knowledge.sources import Catalog, SourceOptions
from knowledge.sources.mirror import Mirror, Page, State
from tests.integration.knowledge.index_bench import Bench

SITE = SourceOptions("https://help.example.com/")


def test_a_page_that_asks_for_a_login_now_is_closed_and_may_be_opened_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, tmp_path / "chroma")
    bench.catalog = Catalog((SITE,), tmp_path / "mirrors")

    def found(refused: bool) -> dict[str, bool]:
        with Mirror.of(tmp_path / "mirrors", SITE.root).fetching() as draft:
            names = {"prices": "Ten dollars.", "refunds": "Within ten days."}
            pages = {
                f"{SITE.address}{name}": Page(
                    draft.keep(text.encode(), f"{name}.md"), name, name, f"{SITE.address}{name}"
                )
                for name, text in names.items()
            }
            first = f"{SITE.address}prices"
            pages[first] = replace(pages[first], refused=refused)
            changed = draft.finish(State(pages, finished_at="2026-11-22T00:00:00+00:00"))
        assert changed
        bench.run(order=IndexOrder([SITE.root], Origin.CONFIGURED))
        assert "Within ten days." in {one.content for one in bench.found("Within ten days.")}
        return {
            audience.value: "Ten dollars." in {one.content for one in bench.found("Ten dollars.", audience=audience)}
            for audience in KnowledgeAudience
        }

    assert found(False) == {"public": True, "staff": True}
    assert found(True) == {"public": False, "staff": True}
    assert found(False) == {"public": True, "staff": True}
