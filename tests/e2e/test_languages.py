"""The widget speaks the reader's language, and reads from right to left where that is how one reads."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.servers.hub import Hub

WAYS = {
    "attribute": {"locale": "de"},
    "page": {"lang": "de"},
}


@pytest.mark.parametrize("way", WAYS)
async def test_german(widget: Widget, site: Site, shared_hub: Hub, way: str) -> None:
    await widget.visit(site.origin, hub=shared_hub.url, **WAYS[way])
    await widget.open()
    await expect(widget.composer).to_have_attribute("placeholder", "Nachricht schreiben…")
    answer = await widget.ask("Verkaufen Sie Fahrräder?")
    await expect(answer).to_contain_text("weiß ich nicht")
    await answer.get_by_test_id("person-offer").click()
    await expect(widget.messages("system")).to_contain_text("Im Moment ist niemand aus unserem Team")
    await expect(widget.contact).to_contain_text("Wie erreichen wir Sie?")


class TestBrowserLanguage:
    """Nothing chosen by the site: the browser's own language counts."""

    @pytest.fixture
    def browser_options(self) -> dict[str, object]:
        return {"locale": "es-MX"}

    async def test_spanish(self, widget: Widget, site: Site, shared_hub: Hub) -> None:
        await widget.visit(site.origin, hub=shared_hub.url, lang="")
        await expect(widget.launcher).to_have_attribute("aria-label", "Abrir el chat")


async def test_arabic_reads_from_right_to_left(widget: Widget, page: Page, site: Site, shared_hub: Hub) -> None:
    await widget.visit(site.origin, hub=shared_hub.url, locale="ar")
    await widget.open()
    root = page.locator("switchboard-widget .root")
    await expect(root).to_have_attribute("dir", "rtl")
    await expect(root).to_have_attribute("lang", "ar")
    answer = await widget.ask("هل تبيعون الدراجات؟")
    await expect(answer.get_by_test_id("person-offer")).to_be_visible()
    own, theirs = widget.messages("customer").locator(".bubble"), answer.locator(".bubble")
    sides = [await bubble.bounding_box() for bubble in (own, theirs)]
    right = [side["x"] + side["width"] for side in sides if side is not None]
    assert right[0] < right[1], "in a right-to-left panel one's own messages stand on the left"
    await expect(own).to_have_css("direction", "rtl")
    send, attach = await widget.send.bounding_box(), await page.get_by_test_id("attach").bounding_box()
    assert send is not None
    assert attach is not None
    assert send["x"] < attach["x"]
    await widget.say("Hello")
    english = widget.own("Hello").locator(".bubble")
    await expect(english).to_have_css("direction", "ltr")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"
