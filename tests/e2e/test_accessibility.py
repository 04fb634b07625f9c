"""axe-core finds nothing: in light and dark, open and closed, with every kind of message on the screen."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.e2e.widget import Widget
from tests.servers.hub import Hub

Scheme = Literal["light", "dark"]
SCHEMES: list[Scheme] = ["light", "dark"]


async def violations(page: Page, axe_source: str) -> list[str]:
    """With animations at their end, since a half-faded text has no contrast yet."""
    await page.evaluate(axe_source)
    await page.evaluate(
        """() => Promise.all([document, document.querySelector('switchboard-widget').shadowRoot]
            .flatMap(root => root.getAnimations()).filter(a => a.effect.getComputedTiming().iterations !== Infinity)
            .map(animation => animation.finished.catch(() => undefined)))"""
    )
    found: dict[str, Any] = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_demo_page_with_the_widget(
    widget: Widget, page: Page, shared_hub: Hub, axe_source: str, scheme: Scheme
) -> None:
    await page.emulate_media(color_scheme=scheme)
    await widget.visit(shared_hub.url)
    assert await violations(page, axe_source) == [], "closed"
    await widget.open()
    assert await violations(page, axe_source) == [], "open and empty"
    await widget.ask("How do I reset my password?")
    await widget.ask("Do you sell bicycles?")
    await page.get_by_test_id("thumbs-down").first.click()
    await expect(page.get_by_test_id("feedback-comment")).to_be_visible()
    invoice = {"name": "invoice.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}
    await widget.files.set_input_files([invoice])  # type: ignore[list-item]
    await expect(widget.uploads.get_by_role("alert")).to_be_visible()
    assert await violations(page, axe_source) == [], "an answer, an unknown, a comment, a refused file"
    await widget.source.first.click()
    await expect(widget.source_panel).to_be_visible()
    assert await violations(page, axe_source) == [], "a source"
    await page.get_by_test_id("source-close").click()
    await page.get_by_test_id("person-offer").click()
    await expect(widget.contact).to_be_visible()
    await page.get_by_test_id("contact-send").click()
    await expect(widget.contact.get_by_role("alert")).not_to_be_empty()
    assert await violations(page, axe_source) == [], "the contact form with a mistake in it"
    await page.context.set_offline(True)
    await expect(widget.status).to_have_attribute("data-kind", "problem")
    assert await violations(page, axe_source) == [], "offline"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("colour", ["#ffe14d", "#111111"])
async def test_any_colour_of_the_site_stays_readable(
    widget: Widget, page: Page, shared_hub: Hub, site: Any, axe_source: str, scheme: Scheme, colour: str
) -> None:
    await page.emulate_media(color_scheme=scheme)
    await widget.visit(site.origin, hub=shared_hub.url, color=colour, suggestions="Hello|How do refunds work?")
    await widget.open()
    assert await violations(page, axe_source) == []
    await widget.ask("How do refunds work?")
    assert await violations(page, axe_source) == []
