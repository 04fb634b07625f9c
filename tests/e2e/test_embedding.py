"""Whose site may carry the widget, and who its visitors are."""

from __future__ import annotations

import time
from typing import Any

import jwt
from playwright.async_api import Page, expect

from tests.e2e import stored
from tests.e2e.conftest import IDENTITY_SECRET
from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.fixtures.browser import PageErrors
from tests.servers.hub import Hub


def user_token(sub: str, *, secret: str = IDENTITY_SECRET, lives: int = 600, **claims: Any) -> str:
    """As the site's own back end signs it."""
    return jwt.encode({"sub": sub, "exp": int(time.time()) + lives, **claims}, secret, algorithm="HS256")


def _customers(hub: Hub, session_id: str) -> list[dict[str, Any]]:
    statement = """SELECT external_id, display_name, email FROM conversation AS c JOIN customer ON customer.id = customer_id
        WHERE thread = ?"""
    return stored.rows(hub, statement, session_id)


async def test_a_site_that_was_let_in(widget: Widget, site: Site, shared_hub: Hub, page_errors: PageErrors) -> None:
    """Under a policy that forbids everything but the hub's own files."""
    await widget.visit(site.origin, hub=shared_hub.url)
    await widget.open()
    await widget.ask("Hello")
    assert page_errors == []


async def test_a_site_that_nobody_let_in_gets_no_chat(
    widget: Widget, page: Page, site: Site, shared_hub: Hub, page_errors: PageErrors
) -> None:
    before = stored.counts(shared_hub)
    await widget.visit(site.strange_origin, hub=shared_hub.url, suggestions="Is there a free plan?")
    await widget.launcher.click()
    await expect(widget.panel).to_be_visible()
    await expect(widget.status).to_have_attribute("data-kind", "problem")
    await expect(widget.status).to_contain_text("not available on this page")
    await expect(widget.composer).to_be_disabled()
    await expect(page.get_by_test_id("attach")).to_be_disabled()
    await expect(widget.person).to_be_disabled()
    await expect(widget.suggestions).to_have_count(0)
    await page.evaluate("Switchboard.ask('Hello')")
    await expect(widget.own("Hello")).to_have_attribute("data-state", "failed")
    await expect(widget.own("Hello")).to_contain_text("not available on this page")
    assert stored.counts(shared_hub) == before
    assert widget.wire.received == []
    assert any("403" in error for error in page_errors)
    owner = [error for error in page_errors if "WIDGET_ORIGINS" in error]
    assert owner, "the console says what the site's owner has to change"
    assert site.strange_origin in owner[0]


async def test_a_signed_in_customer_is_known(widget: Widget, page: Page, site: Site, shared_hub: Hub) -> None:
    token = user_token("u-17", name="Grace Hopper", email="grace@example.com")
    await widget.visit(site.origin, hub=shared_hub.url, **{"user-token": token})
    await widget.open()
    await widget.ask("Hello")
    session = await widget.session()
    known = {"external_id": "user:u-17", "display_name": "Grace Hopper", "email": "grace@example.com"}
    assert _customers(shared_hub, session["session_id"]) == [known]
    await widget.person.click()
    await expect(widget.messages("system")).to_contain_text("grace@example.com")
    await expect(widget.contact).to_have_count(0)  # the address is known, so nobody asks for it

    await page.evaluate("Switchboard.identify(null)")
    await expect(widget.messages()).to_have_count(0)
    await widget.ask("Hello")
    stranger = await widget.session()
    assert stranger["session_id"] != session["session_id"]
    assert _customers(shared_hub, stranger["session_id"])[0]["external_id"].startswith("anon:")


async def test_what_somebody_claims_without_a_signature_is_refused(
    widget: Widget, site: Site, shared_hub: Hub, page_errors: PageErrors
) -> None:
    before = stored.counts(shared_hub)
    tokens = {
        "forged": user_token("u-17", secret="guessed-by-somebody-0123456789abcdef"),
        "expired": user_token("u-17", lives=-600),
        "unsigned": jwt.encode({"sub": "u-17", "exp": int(time.time()) + 600}, "", algorithm="none"),
        "for ever": user_token("u-17", lives=10 * 24 * 3600),
        "nobody": user_token(""),
        "nonsense": "u-17",
    }
    for name, token in tokens.items():
        await widget.visit(site.origin, hub=shared_hub.url, open="", **{"user-token": token})
        await expect(widget.status, name).to_contain_text("sign-in has expired")
        await expect(widget.messages()).to_have_count(0)
    assert stored.counts(shared_hub) == before
    assert any("401" in error for error in page_errors)


async def test_a_fresh_token_takes_the_conversation_up_again(
    widget: Widget, page: Page, site: Site, shared_hub: Hub
) -> None:
    await widget.visit(site.origin, hub=shared_hub.url, open="", **{"user-token": user_token("u-18", lives=-60)})
    await expect(widget.status).to_contain_text("sign-in has expired")
    await page.evaluate("token => Switchboard.identify(token)", user_token("u-18", name="Ada"))
    await widget.online()
    await widget.ask("Hello")
    session = await widget.session()
    assert _customers(shared_hub, session["session_id"])[0]["display_name"] == "Ada"


async def test_the_page_steers_the_widget(widget: Widget, page: Page, site: Site, shared_hub: Hub) -> None:
    await widget.visit(site.origin, hub=shared_hub.url)
    await page.evaluate("() => { window.told = []; Switchboard.on('message', message => told.push(message.author)); }")
    await page.evaluate("Switchboard.ask('How do refunds work?')")
    await expect(widget.panel).to_be_visible()
    answer = await widget.answer(1)
    await expect(answer.get_by_test_id("source").first).to_be_visible()
    assert await page.evaluate("told") == ["agent"]
    await page.evaluate("Switchboard.destroy()")
    await expect(page.locator("switchboard-widget")).to_have_count(0)
    assert await page.evaluate("window.Switchboard === undefined")
