"""A page stays open while the hub is started again with other settings: it shows what holds now."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

DESK_BY_MAIL = {
    "STAFF_EMAIL": "team@example.com",
    "EMAIL_ADDRESS": "support@example.com",
    "EMAIL_IMAP_URL": "imap://support:secret@127.0.0.1:9",
    "EMAIL_SMTP_URL": "smtp://127.0.0.1:9",
}
"""The mail server never answers; the desk is connected all the same."""
NO_SOCKETS = "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({code: 1006})) } close() {} }"


async def _started_with(hub: Hub, **settings: str) -> None:
    hub.environment.update(settings)
    await asyncio.to_thread(hub.restart)


@pytest.mark.parametrize("line", ["socket", "poll"])
async def test_the_open_page_shows_the_new_settings(
    widget: Widget, page: Page, site: Site, make_hub: MakeHub, line: str
) -> None:
    hub = make_hub(environment={"WIDGET_ORIGINS": site.origin, "COMPANY_NAME": "Before"})
    if line == "poll":
        await page.add_init_script(NO_SOCKETS)
    await widget.visit(site.origin, hub=hub.url)
    await widget.open()
    await expect(page.get_by_role("heading", name="Before")).to_be_visible()
    await widget.person.click()
    await expect(page.get_by_test_id("start-over")).to_be_visible()
    await _started_with(hub, COMPANY_NAME="After", **DESK_BY_MAIL)
    await expect(page.get_by_role("heading", name="After")).to_be_visible()
    await expect(page.get_by_test_id("mail")).to_be_visible()
    await expect(widget.status).to_contain_text("A person will answer")
    await expect(page.get_by_test_id("start-over")).to_have_count(0)
