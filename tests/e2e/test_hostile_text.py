"""HTML and scripts in every field that somebody else may read: shown as the text they are, run by nobody."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from playwright.async_api import Page, expect

from tests.e2e import stored
from tests.e2e.conftest import IDENTITY_SECRET
from tests.e2e.knowledge_copy import copy_talk, started
from tests.e2e.papers import pdf
from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.servers.hub import Hub

SCRIPT = "<script>window.ran = 'script'</script>"
PICTURE = "<img src=x onerror=\"window.ran='picture'\">"
LINK = "[press](javascript:window.ran='link') <a href=\"javascript:window.ran='a'\">here</a>"
HOSTILE = f"{SCRIPT} {PICTURE} {LINK} <svg/onload=window.ran='svg'> <iframe srcdoc='<script>parent.ran=1</script>'>"


@pytest.fixture(scope="module")
def hostile_hub(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path, site: Site) -> Iterator[Hub]:
    """Its only document means ill."""
    home = tmp_path_factory.mktemp("hostile-hub")
    documents = home / "documents"
    documents.mkdir()
    entry = {
        "question": f"How do I polish the brass bell? {PICTURE}",
        "answer": f"Polish the brass bell with lemon. {HOSTILE}",
        "category": SCRIPT,
        "keywords": [SCRIPT],
    }
    (documents / "faq.json").write_text(json.dumps([entry]), encoding="utf-8")
    environment = {"WIDGET_ORIGINS": site.origin, "COMPANY_NAME": f"Bells {PICTURE}"}
    hub = Hub(home, sources=str(documents), environment={**environment, "WIDGET_IDENTITY_SECRET": IDENTITY_SECRET})
    copy_talk(knowledge_template, hub.data_dir)
    yield started(hub)
    hub.kill()


async def _nothing_ran(page: Page) -> None:
    """Nor did any of it become an element that could."""
    assert await page.evaluate("window.ran") is None
    made = await page.evaluate(
        """() => [...document.querySelector('switchboard-widget').shadowRoot
            .querySelectorAll('script, iframe, img[src="x"], svg[onload], a[href^="javascript"], a[href^="data"]')]
            .map(element => element.outerHTML)"""
    )
    assert made == []


async def test_from_the_customer_the_documents_and_the_company(
    widget: Widget, page: Page, site: Site, hostile_hub: Hub
) -> None:
    await widget.visit(site.origin, hub=hostile_hub.url)
    await widget.open()
    await expect(page.get_by_role("heading", name="Bells")).to_contain_text("<img src=x")
    answer = await widget.ask(f"How do I polish the brass bell? {HOSTILE}")
    await expect(widget.messages("customer")).to_contain_text(SCRIPT)
    await expect(answer).to_contain_text("lemon")
    await expect(answer.locator(".bubble")).to_contain_text(SCRIPT)
    await answer.get_by_test_id("source").first.click()
    await expect(widget.source_panel).to_contain_text(PICTURE)
    await _nothing_ran(page)
    await page.get_by_test_id("source-close").click()
    await page.reload()
    await expect(widget.messages("customer")).to_contain_text(SCRIPT)
    await _nothing_ran(page)
    session = await widget.session()
    assert stored.said(hostile_hub, session["session_id"]) == [f"How do I polish the brass bell? {HOSTILE}"]


async def test_from_names_contact_details_files_and_comments(
    widget: Widget, page: Page, site: Site, hostile_hub: Hub
) -> None:
    claims = {"sub": "<b>1</b>", "exp": int(time.time()) + 600, "name": HOSTILE[:200]}
    token = jwt.encode(claims, IDENTITY_SECRET, algorithm="HS256")
    await widget.visit(site.origin, hub=hostile_hub.url, **{"user-token": token})
    await widget.open()
    name = "<img src=x onerror=window.ran=1>.pdf"
    file = pdf(SCRIPT, "The bell code is 77.")
    await widget.files.set_input_files({"name": name, "mimeType": "application/pdf", "buffer": file})
    await expect(widget.uploads).to_have_attribute("data-state", "done")
    answer = await widget.ask("What is the bell code in this file?")
    await expect(answer).to_contain_text("77")
    await expect(widget.messages("customer").get_by_test_id("attachment")).to_contain_text("<img src=x")
    assert stored.rows(hostile_hub, "SELECT name FROM attachment") == [{"name": name}], "escaping is the reader's work"
    async with page.expect_response("**/api/feedback"):
        await page.get_by_test_id("thumbs-down").click()
    await page.get_by_test_id("feedback-comment").fill(HOSTILE)
    async with page.expect_response("**/api/feedback"):
        await page.get_by_test_id("feedback-send").click()
    await expect(answer).to_contain_text("Thank you")
    assert stored.rows(hostile_hub, "SELECT comment FROM feedback")[-1]["comment"] == HOSTILE
    await widget.person.click()
    await widget.contact.locator("[name=name]").fill(PICTURE)
    await widget.contact.locator("[name=email]").fill("ada@example.com")
    await page.get_by_test_id("contact-send").click()
    await expect(widget.messages("customer").last).to_contain_text(PICTURE)
    await expect(widget.messages("system").last).to_contain_text("ada@example.com")
    await _nothing_ran(page)


async def test_from_the_attributes_of_the_site(widget: Widget, page: Page, site: Site, hostile_hub: Hub) -> None:
    """The site's own authors are trusted with their page, but a title made of data must not run either."""
    fields = (
        "title",
        "subtitle",
        "greeting",
        "suggestions",
        "color",
        "logo",
        "avatar",
        "locale",
        "position",
        "z-index",
    )
    await widget.visit(site.origin, hub=hostile_hub.url, **dict.fromkeys(fields, HOSTILE.replace("|", "")))
    await widget.open()
    await expect(widget.panel).to_contain_text(SCRIPT)
    await _nothing_ran(page)
