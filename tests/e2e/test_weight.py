"""What a page has to load for the widget."""

from __future__ import annotations

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.servers.hub import Hub

LIMIT = 25_000
LANGUAGES = ["en", "hi", "ru"]
"""With the two whose texts are largest; the widget's own tests measure the built files of every language."""


async def _sizes(session: CDPSession) -> dict[str, float]:
    """Filled with the bytes of each response's body as they came over the network, by address."""
    urls: dict[str, str] = {}
    sizes: dict[str, float] = {}
    session.on("Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]}))
    session.on(
        "Network.dataReceived",
        lambda event: sizes.update(
            {urls[event["requestId"]]: sizes.get(urls[event["requestId"]], 0) + event["encodedDataLength"]}
        ),
    )
    await session.send("Network.enable")
    return sizes


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_that_a_page_loads_for_the_widget_is_at_most_25_kb(
    widget: Widget, page: Page, site: Site, shared_hub: Hub, language: str
) -> None:
    """Scripts, styles and texts, used as well as loaded: the panel is opened, a question answered, its source shown."""
    sizes = await _sizes(await page.context.new_cdp_session(page))
    await widget.visit(site.origin, hub=shared_hub.url, locale=language)
    await widget.open()
    await widget.ask("What does the Team plan cost?")
    await widget.source.first.click()
    await expect(widget.source_panel).to_be_visible()
    loaded = {
        url: size
        for url, size in sizes.items()
        if url.startswith(shared_hub.url) and "/api/" not in url and "/ws" not in url
    }
    print(loaded)
    assert f"{shared_hub.url}/widget.js" in loaded
    assert sum(loaded.values()) <= LIMIT, loaded
    foreign = [url for url in sizes if not url.startswith((shared_hub.url, site.origin))]
    assert not foreign, "nothing is loaded from anywhere else"
