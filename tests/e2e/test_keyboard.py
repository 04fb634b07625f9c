"""Everything without a mouse."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.servers.hub import Hub


async def _focused(page: Page) -> str:
    """The test id (or the name) of what has the focus, looked for inside the shadow root."""
    return str(
        await page.evaluate(
            """() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                return at?.dataset?.testid ?? at?.getAttribute('aria-label') ?? at?.name ?? at?.tagName;
            }"""
        )
    )


async def _tab_to(page: Page, wanted: str, key: str = "Tab") -> list[str]:
    """Press Tab until ``wanted`` has the focus; what was passed on the way."""
    passed: list[str] = []
    while (now := await _focused(page)) != wanted:
        passed.append(now)
        assert len(passed) < 30, f"{wanted} cannot be reached: {passed}"
        await page.keyboard.press(key)
    return passed


@pytest.fixture
def site_page(site: Site, shared_hub: Hub) -> str:
    return f"{site.origin}/?hub={shared_hub.url}"


async def test_a_whole_conversation_by_keyboard(widget: Widget, page: Page, site_page: str) -> None:
    await widget.visit(site_page)
    await _tab_to(page, "launcher")
    await page.keyboard.press("Enter")
    await expect(widget.composer).to_be_focused()
    await widget.online()
    await page.keyboard.type("How do I reset")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("my password?")
    await page.keyboard.press("Enter")
    await widget.answer(1)
    await expect(widget.composer).to_be_focused()
    await expect(widget.composer).to_have_value("")
    await expect(widget.messages("customer").locator(".bubble")).to_have_text("How do I reset\nmy password?")

    await _tab_to(page, "source", "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("source-close")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(widget.source_panel).to_have_count(0)
    assert await _focused(page) == "source", "back where the reader was"

    await _tab_to(page, "thumbs-up")
    await page.keyboard.press("Space")
    await expect(page.get_by_test_id("thumbs-up")).to_have_attribute("aria-pressed", "true")
    await _tab_to(page, "person")
    await page.keyboard.press("Enter")
    await expect(widget.contact).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(widget.panel).to_be_hidden()
    await expect(widget.launcher).to_be_focused()


async def test_the_order_of_tab_is_the_order_on_the_screen(widget: Widget, page: Page, site_page: str) -> None:
    await widget.visit(site_page)
    await widget.open()
    await widget.ask("How do I reset my password?")
    await widget.close.focus()
    order = [*await _tab_to(page, "launcher")]
    expected = ["close", "transcript", "source", "thumbs-up", "thumbs-down", "composer", "attach", "person"]
    assert [stop for stop in order if stop in expected] == expected


async def test_a_closed_panel_takes_no_focus(widget: Widget, page: Page, site_page: str) -> None:
    await widget.visit(site_page)
    await widget.open()
    await page.keyboard.press("Escape")
    await expect(widget.launcher).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    assert await page.evaluate("document.activeElement.textContent") == "More about us"


class TestPhone:
    """Over the whole screen the panel is a dialog that keeps the focus."""

    @pytest.fixture
    def browser_options(self) -> dict[str, object]:
        return {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}

    async def test_the_focus_stays_inside(self, widget: Widget, page: Page, site_page: str) -> None:
        await widget.visit(site_page)
        await widget.open()
        await expect(widget.panel).to_have_attribute("aria-modal", "true")
        seen = set()
        for _ in range(12):
            await page.keyboard.press("Tab")
            seen.add(await page.evaluate("document.activeElement.localName"))
        assert seen == {"switchboard-widget"}
