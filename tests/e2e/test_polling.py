"""A network that lets no WebSocket through."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.e2e import stored
from tests.e2e.papers import pdf
from tests.e2e.widget import Widget
from tests.servers.hub import Hub


async def test_everything_works_over_http(widget: Widget, shared_hub: Hub, page: Page) -> None:
    await page.add_init_script(
        "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({code: 1006})) } close() {} }"
    )
    await widget.visit(shared_hub.url)
    await widget.open()
    answer = await widget.ask("How do I reset my password?")
    await expect(answer).to_contain_text("Forgot password")
    await expect(answer.get_by_test_id("source").first).to_be_visible()
    pump = pdf("The pressure of the Nautilus pump is 7 bar.")
    await widget.files.set_input_files({"name": "pump.pdf", "mimeType": "application/pdf", "buffer": pump})
    await expect(widget.uploads).to_have_attribute("data-state", "done")
    answer = await widget.ask("What is the pressure of the Nautilus pump in my file?")
    await expect(answer).to_contain_text("7 bar")
    assert widget.wire.received == [], "not one frame came over a socket"
    await page.reload()
    await expect(widget.answers).to_have_count(2)
    session = await widget.session()
    authors = [who for who, _ in stored.messages(shared_hub, session["session_id"])]
    assert authors == ["customer", "agent"] * 2
