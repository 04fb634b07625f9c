"""Real hubs with the sample documents, a site that embeds the widget, and the widget in Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.e2e.knowledge_copy import copy_of, indexed_sample, started
from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.fixtures.hub import MakeHub
from tests.patience import PATIENCE
from tests.servers.hub import Hub

IDENTITY_SECRET = "what-the-site-and-the-hub-share-0123456789"

MakeSampleHub = Callable[..., Hub]

expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="session")
def knowledge_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DATA_DIR in which the sample documents are indexed."""
    return indexed_sample(tmp_path_factory)


@pytest.fixture
def make_sample_hub(make_hub: MakeHub, knowledge_template: Path, tmp_path: Path) -> MakeSampleHub:
    """As ``make_hub``, with the sample documents indexed already."""

    def make(*, start: bool = True, **options: Any) -> Hub:
        hub = make_hub(start=False, sources="sample", **options)
        copy_of(knowledge_template, hub.home)
        return started(hub) if start else hub

    return make


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[Site]:
    """A web site that embeds the widget."""
    site = Site()
    await site.start()
    yield site
    await site.stop()


@pytest.fixture(scope="session")
def shared_hub(knowledge_template: Path, tmp_path_factory: pytest.TempPathFactory, site: Site) -> Iterator[Hub]:
    """One hub for every test that leaves it running; each test has a session of its own in it."""
    hub = Hub(
        copy_of(knowledge_template, tmp_path_factory.mktemp("shared-hub")),
        sources="sample",
        fresh=True,
        environment={"WIDGET_ORIGINS": site.origin, "WIDGET_IDENTITY_SECRET": IDENTITY_SECRET},
    )
    yield started(hub)
    hub.kill()


@pytest.fixture
def widget(page: Page) -> Widget:
    """The widget on this test's page, which is still empty."""
    return Widget(page)


@pytest_asyncio.fixture(loop_scope="session")
async def demo(widget: Widget, shared_hub: Hub) -> Widget:
    """The demo page, with the widget open."""
    await widget.visit(shared_hub.url)
    await widget.open()
    return widget
