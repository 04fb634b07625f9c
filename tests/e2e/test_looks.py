"""Dark mode, phones, reduced motion, and the site's own colours."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.servers.hub import Hub


async def _brightness(element: Locator, field: str) -> float:
    """0 for black to 255 for white."""
    colour = await element.evaluate("(element, field) => getComputedStyle(element)[field]", field)
    script = """colour => { const c = document.createElement('canvas').getContext('2d'); c.fillStyle = colour;
        c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data] }"""
    red, green, blue, _ = await element.page.evaluate(script, colour)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


async def test_dark_mode_follows_the_system_and_changes_with_it(
    widget: Widget, page: Page, site: Site, shared_hub: Hub
) -> None:
    await page.emulate_media(color_scheme="dark")
    await widget.visit(site.origin, hub=shared_hub.url)
    await widget.open()
    assert await _brightness(widget.panel, "backgroundColor") < 60
    assert await _brightness(widget.panel, "color") > 180
    await page.emulate_media(color_scheme="light")
    await expect(widget.panel).to_have_css("background-color", "rgb(255, 255, 255)")
    assert await _brightness(widget.panel, "color") < 80


@pytest.mark.parametrize(("theme", "system"), [("dark", "light"), ("light", "dark")])
async def test_the_site_may_choose_the_theme(
    widget: Widget, page: Page, site: Site, shared_hub: Hub, theme: str, system: Any
) -> None:
    await page.emulate_media(color_scheme=system)
    await widget.visit(site.origin, hub=shared_hub.url, theme=theme)
    await widget.open()
    assert (await _brightness(widget.panel, "backgroundColor") < 60) == (theme == "dark")


async def test_the_site_may_choose_colour_side_and_words(
    widget: Widget, page: Page, site: Site, shared_hub: Hub
) -> None:
    await widget.visit(
        site.origin, hub=shared_hub.url, color="#0b7a4b", position="left", title="Ask the shop", greeting="Ahoy!"
    )
    await widget.open()
    await expect(page.get_by_role("heading", name="Ask the shop")).to_be_visible()
    await expect(widget.panel).to_contain_text("Ahoy!")
    box = await widget.panel.bounding_box()
    assert box is not None
    assert box["x"] < 100
    await widget.say("Hello")
    await expect(widget.messages("customer").locator(".bubble")).to_have_css("background-color", "rgb(11, 122, 75)")


async def test_nothing_moves_for_those_who_asked_for_stillness(
    widget: Widget, page: Page, site: Site, shared_hub: Hub
) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await widget.visit(site.origin, hub=shared_hub.url)
    await widget.open()
    await widget.ask("How do I reset my password?")
    moving = await page.evaluate(
        """() => [...document.querySelector('switchboard-widget').shadowRoot.querySelectorAll('*')].filter(element => {
            const style = getComputedStyle(element);
            const seconds = text => Math.max(...text.split(',').map(part => parseFloat(part)));
            return (style.animationName !== 'none' && seconds(style.animationDuration) > 0.05)
                || seconds(style.transitionDuration) > 0.2 && !/^(color|opacity|background-color|border-color|box-shadow)/
                    .test(style.transitionProperty);
        }).map(element => element.className)"""
    )
    assert moving == []


class TestPhone:
    """The panel is the screen."""

    @pytest.fixture
    def browser_options(self) -> dict[str, Any]:
        return {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}

    async def test_a_conversation_on_a_phone(self, widget: Widget, page: Page, site: Site, shared_hub: Hub) -> None:
        await widget.visit(site.origin, hub=shared_hub.url)
        await widget.launcher.tap()
        await expect(widget.panel).to_be_visible()
        await widget.online()
        await expect(widget.composer).not_to_be_focused()
        box = await widget.panel.bounding_box()
        assert box == {"x": 0, "y": 0, "width": 375, "height": 667}
        answer = await widget.ask("How do I reset my password?")
        await answer.get_by_test_id("source").first.tap()
        await expect(widget.source_panel).to_be_visible()
        await page.get_by_test_id("source-close").tap()
        assert await page.evaluate("document.documentElement.scrollWidth") == 375
        assert float(str(await widget.composer.evaluate("f => parseFloat(getComputedStyle(f).fontSize)"))) >= 16, (
            "no zoom"
        )
        await widget.close.tap()
        await expect(widget.panel).to_be_hidden()
