"""The form by which a customer leaves an address: what it takes, what it says of the rest, and where it stands."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e import stored
from tests.e2e.site import Site
from tests.e2e.states import DESK, PHONE, QUESTION
from tests.e2e.widget import Widget
from tests.servers.hub import Hub

WRONG = {"en": "phone number", "de": "Telefonnummer", "fr": "numéro de téléphone", "es": "teléfono", "ar": "رقم هاتف"}


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def browser_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = {**request.param, "locale": "en-GB"}
    return options


async def _asked(widget: Widget, before: str | None = None) -> None:
    """A person was asked for; the form is there."""
    if before:
        await widget.ask(before)
    await widget.person.click()
    await expect(widget.contact).to_be_visible()


@pytest.mark.parametrize("number", ["+49 30 1234567", "+1 (202) 555-0143 ext. 12"])
async def test_a_telephone_number_alone_is_enough(demo: Widget, page: Page, shared_hub: Hub, number: str) -> None:
    await _asked(demo)
    await demo.contact.locator("[name=tel]").fill(number)
    await page.get_by_test_id("contact-send").click()
    await expect(demo.contact).to_have_count(0)
    digits = number[1:].split()[0]
    await expect(demo.messages("system").last).to_contain_text(f"+{digits}")
    session = await demo.session()
    left = stored.rows(
        shared_hub,
        "SELECT cu.phone FROM customer AS cu JOIN conversation AS c ON c.customer_id = cu.id WHERE c.thread = ?",
        session["session_id"],
    )
    assert digits in str(left)


@pytest.mark.parametrize(
    ("browser_options", "language"),
    [(DESK, "en"), (DESK, "fr"), (DESK, "ar"), (PHONE, "de"), (PHONE, "es"), (PHONE, "ar")],
    ids=["desk-en", "desk-fr", "desk-ar", "phone-de", "phone-es", "phone-ar"],
    indirect=["browser_options"],
)
async def test_what_is_neither_is_said_in_the_customers_language_and_the_button_stays_in_sight(
    widget: Widget, page: Page, site: Site, shared_hub: Hub, language: str
) -> None:
    await widget.visit(site.origin, hub=shared_hub.url, locale=language)
    await widget.open()
    await _asked(widget, QUESTION)
    email, tel = widget.contact.locator("[name=email]"), widget.contact.locator("[name=tel]")
    send = page.get_by_test_id("contact-send")
    await expect(send).to_be_in_viewport(ratio=1)
    for field, text in ((email, ""), (tel, "call me"), (email, "ada@home")):
        await email.fill("")
        await tel.fill("")
        await field.fill(text)
        await expect(widget.contact.get_by_role("alert")).to_have_count(0)
        await send.click()
        await expect(widget.contact.get_by_role("alert")).to_contain_text(WRONG[language])
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(send).to_be_in_viewport(ratio=1)
        await expect(field).to_be_in_viewport(ratio=1)
        assert await _on_top(send)


async def test_it_stands_below_the_message_that_offered_it(demo: Widget, page: Page) -> None:
    await _asked(demo, QUESTION)
    await demo.contact.locator("[name=tel]").fill("+49 30 12")
    await demo.ask("Is there a free plan?")
    order = await page.locator("[data-testid=message], [data-testid=contact-form]").evaluate_all(
        "all => all.map(one => one.dataset.author ?? 'form')"
    )
    assert order == ["customer", "agent", "customer", "system", "form", "customer", "agent"]
    await demo.say("Can I talk to a person?")
    await expect(demo.messages("system")).to_have_count(2)
    await expect(page.locator("[data-author=system] + [data-testid=contact-form]")).to_have_count(1)
    last = page.locator("[data-testid=message], [data-testid=contact-form]").last
    await expect(last).to_have_attribute("data-testid", "contact-form")
    await expect(demo.contact.locator("[name=tel]")).to_have_value("+49 30 12")


async def _on_top(control: Any) -> bool:
    return bool(
        await control.evaluate(
            """element => { const box = element.getBoundingClientRect();
            return [[4, 4], [box.width - 4, box.height - 4]].every(([x, y]) => {
                const top = element.getRootNode().elementFromPoint(box.x + x, box.y + y);
                return element === top || element.contains(top); }) }"""
        )
    )
