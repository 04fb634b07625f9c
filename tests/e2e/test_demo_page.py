"""The demo page while the widget is on its way, and when it does not come."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.e2e.widget import Widget
from tests.fixtures.browser import PageErrors
from tests.servers.hub import Hub

SCRIPT = "**/widget.js"
PASSWORD, REFUNDS = "How do I reset my password?", "How do refunds work?"


async def _arrive(page: Page, hub: Hub) -> None:
    """The page's own script has run; the widget need not have come."""
    await page.goto(hub.url, wait_until="commit")
    await expect(page.locator("#copy")).to_be_visible()


async def _press(page: Page, question: str) -> None:
    await page.get_by_role("button", name=question).click()


class TestSlow:
    """The script hangs until ``come`` is set."""

    @pytest.fixture
    def come(self) -> asyncio.Event:
        return asyncio.Event()

    @pytest_asyncio.fixture(autouse=True, loop_scope="session")
    async def hang(self, page: Page, come: asyncio.Event) -> None:
        async def wait(route: Route) -> None:
            await come.wait()
            await route.continue_()

        await page.route(SCRIPT, wait)

    async def test_the_last_example_that_was_pressed_is_asked_when_the_widget_comes(
        self, widget: Widget, page: Page, shared_hub: Hub, come: asyncio.Event
    ) -> None:
        await _arrive(page, shared_hub)
        state = page.locator("#state")
        await expect(state).to_be_empty()
        await _press(page, PASSWORD)
        await expect(state).to_have_text("Opening the chat…")
        await _press(page, REFUNDS)
        await expect(state).to_contain_text("taking longer than usual")
        await expect(page.locator("#again")).to_be_hidden()
        come.set()
        await expect(widget.panel).to_be_visible()
        await expect(state).to_be_empty()
        await expect(await widget.answer(1)).to_contain_text("refund")
        assert [text for who, text in await widget.transcript() if who == "customer"] == [REFUNDS]

    async def test_chat_with_us_opens_the_panel_when_the_widget_comes(
        self, widget: Widget, page: Page, shared_hub: Hub, come: asyncio.Event
    ) -> None:
        await _arrive(page, shared_hub)
        await page.get_by_role("button", name="Chat with us").first.click()
        await expect(page.locator("#state")).to_have_text("Opening the chat…")
        come.set()
        await expect(widget.panel).to_be_visible()
        await widget.online()
        await expect(widget.messages()).to_have_count(0)


class TestLost:
    """The script does not come, once."""

    @pytest_asyncio.fixture(autouse=True, loop_scope="session")
    async def lose(self, page: Page) -> None:
        await page.route(SCRIPT, lambda route: route.abort(), times=1)

    async def test_a_press_says_so_and_loads_it_again(
        self, widget: Widget, page: Page, shared_hub: Hub, page_errors: PageErrors
    ) -> None:
        await page.goto(shared_hub.url)
        assert any("ERR_FAILED" in error for error in page_errors)
        await expect(page.locator("#toast")).not_to_have_class("toast shown")  # nobody asked for the chat yet
        await _press(page, REFUNDS)
        await expect(await widget.answer(1)).to_contain_text("refund")
        await expect(page.locator("#state")).to_be_empty()

    async def test_try_again_asks_what_was_pressed(self, widget: Widget, page: Page, shared_hub: Hub) -> None:
        await page.goto(shared_hub.url)
        await page.route(SCRIPT, lambda route: route.abort(), times=1)
        await _press(page, REFUNDS)
        again = page.get_by_role("button", name="Try again")
        await expect(again).to_be_visible()
        await expect(page.locator("#state")).to_contain_text("could not be loaded")
        await again.click()
        await expect(await widget.answer(1)).to_contain_text("refund")
        await expect(again).to_be_hidden()
        assert [text for who, text in await widget.transcript() if who == "customer"] == [REFUNDS]


async def test_nothing_on_the_page_breaks_its_own_policy(
    widget: Widget, page: Page, shared_hub: Hub, page_errors: PageErrors
) -> None:
    """No inline style and no inline script: not even the widget's own."""
    answer = await page.goto(shared_hub.url)
    assert answer is not None
    assert "unsafe" not in answer.headers["content-security-policy"]
    await widget.open()
    await widget.ask(PASSWORD)
    await widget.source.first.click()
    await expect(widget.source_panel).to_be_visible()
    await expect(widget.panel).to_have_css("position", "fixed")
    assert page_errors == []
