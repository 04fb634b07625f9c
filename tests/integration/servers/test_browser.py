"""The Chromium that the tests drive."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.fixtures.browser import PageErrors


async def test_a_page_renders_and_axe_can_look_at_it(page: Page, axe_source: str) -> None:
    await page.set_content("<html lang=en><title>Test</title><main><h1>Hello</h1><img src='data:,'></main></html>")
    await page.evaluate(axe_source)
    found = await page.evaluate("axe.run()")
    assert [violation["id"] for violation in found["violations"]] == ["image-alt"]


async def test_errors_in_a_page_are_seen(page: Page, page_errors: PageErrors) -> None:
    await page.set_content("<script>console.error('said'); setTimeout(() => { throw new Error('thrown') })</script>")
    await page.wait_for_function("() => true")
    await page.wait_for_timeout(50)
    assert any("said" in error for error in page_errors)
    assert any("thrown" in error for error in page_errors)
    page_errors.clear()


async def test_contexts_do_not_share_storage(browser: Browser, page: Page) -> None:
    assert len(browser.contexts) == 1
    assert await page.context.cookies() == []


async def test_nothing_outside_this_machine_can_be_reached(page: Page) -> None:
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://example.com/")
