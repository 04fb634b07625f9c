"""A conversation by e-mail: to the address that its customer enters, over a real mail server, and seldom."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.conftest import MakeSampleHub
from tests.e2e.knowledge_copy import copy_of, started
from tests.e2e.states import DESK, PHONE, small_targets
from tests.e2e.test_accessibility import violations
from tests.e2e.visitor import Answer, Visitor, visiting
from tests.e2e.widget import Widget
from tests.fixtures.hub import MakeHub
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.servers.dovecot import PASSWORD
from tests.servers.hub import Hub

SUPPORT = "support@example.com"
ADA, ANN, CARL = "ada@customer.example", "ann@customer.example", "carl@customer.example"


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    with post_office() as servers:
        servers.postman.carry = None
        yield servers


@pytest.fixture(autouse=True)
def _nothing_is_mailed_yet(office: PostOffice) -> None:
    office.postman.taken.clear()
    office.postman.refusals.__init__()  # type: ignore[misc]


@pytest.fixture(scope="module")
def mailbox(office: PostOffice) -> dict[str, str]:
    """The settings of one."""
    login = f"{quote(SUPPORT)}:{quote(PASSWORD, safe='')}"
    return {
        "EMAIL_ADDRESS": SUPPORT,
        "EMAIL_IMAP_URL": f"imap://{login}@127.0.0.1:{office.dovecot.imap_port}",
        "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{office.postman.port}",
    }


@pytest.fixture(scope="module")
def mail_hub(
    mailbox: dict[str, str], knowledge_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    """A hub with a mailbox, for most tests here: each mails to a customer of its own."""
    home = copy_of(knowledge_template, tmp_path_factory.mktemp("mail-hub"))
    hub = Hub(home, sources="sample", environment={**mailbox, "COMPANY_NAME": "Tidepool"})
    yield started(hub)
    hub.kill()
    print(f"--- {hub.log} ---\n{hub.log_tail()}")


@asynccontextmanager
async def _answered(hub: Hub) -> AsyncIterator[Visitor]:
    """Somebody who has asked and was answered."""
    async with visiting(hub) as visitor:
        assert (await visitor.say("How do I reset my password? See evil.example")).status == 200
        yield visitor


def _mails(office: PostOffice) -> list[tuple[str, EmailMessage]]:
    taken = office.postman.taken
    return [(to, message_from_bytes(data, policy=default)) for to, data in taken]  # type: ignore[misc]


async def _mail(visitor: Visitor, email: str | None) -> Answer:
    return await visitor.call("POST", f"/api/sessions/{visitor.id}/transcript", json={"email": email, "locale": "en"})


async def test_the_customer_gets_the_conversation(
    widget: Widget, page: Page, mail_hub: Hub, office: PostOffice, axe_source: str
) -> None:
    await widget.visit(mail_hub.url)
    await widget.open()
    await expect(page.get_by_test_id("mail")).to_be_hidden()
    await widget.ask("How do I reset my password?")
    await page.get_by_test_id("mail").click()
    form = page.get_by_test_id("mail-form")
    await expect(page.get_by_test_id("mail-send")).to_be_in_viewport(ratio=1)
    await page.get_by_test_id("mail-send").click()
    await expect(form.get_by_role("alert")).not_to_be_empty()
    assert await violations(page, axe_source) == []
    await form.get_by_label("E-mail").fill(ADA)
    await page.get_by_test_id("mail-send").click()
    await expect(page.get_by_test_id("mail-sent")).to_contain_text(ADA)
    ((to, mail),) = _mails(office)
    assert to == ADA
    assert mail["Subject"] == "Your conversation with Tidepool"
    assert mail["Auto-Submitted"]
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "How do I reset my password?" in text
    assert "Forgot password" in text
    assert "AI assistant" in text


@pytest.mark.parametrize(("screen", "language"), [(DESK, "ar"), (PHONE, "en"), (PHONE, "ar")])
async def test_the_form_is_accessible_on_every_screen(
    browser: Browser, mail_hub: Hub, axe_source: str, screen: dict[str, Any], language: str
) -> None:
    context = await browser.new_context(**screen, locale=language)
    page = await context.new_page()
    widget = Widget(page)
    await widget.visit(mail_hub.url)
    await widget.open()
    await widget.ask("How do I reset my password?")
    await page.get_by_test_id("mail").click()
    send = page.get_by_test_id("mail-send")
    for step in ("the form", "the form with a mistake in it"):
        await expect(send).to_be_in_viewport(ratio=1)
        assert await violations(page, axe_source) == [], step
        assert screen is DESK or await small_targets(page) == [], step
        await send.click()
    await context.close()


async def test_a_company_without_a_name_sends_it_as_support(
    make_hub: MakeHub, mailbox: dict[str, str], office: PostOffice
) -> None:
    async with _answered(make_hub(environment=mailbox)) as visitor:
        assert (await _mail(visitor, ANN)).status == 204
    ((_, mail),) = _mails(office)
    assert mail["Subject"] == "Your conversation with Support"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "in the chat of Support." in " ".join(body.get_content().split())


async def test_a_stranger_cannot_be_flooded(
    make_sample_hub: MakeSampleHub, mailbox: dict[str, str], office: PostOffice
) -> None:
    hub = make_sample_hub(environment=mailbox)  # its own: what an address may send in a day is used up
    async with _answered(hub) as visitor, _answered(hub) as other:
        for _ in range(2):  # pressed twice, sent once
            assert (await _mail(visitor, ANN)).status == 204
        assert [to for to, _ in _mails(office)] == [ANN]
        assert "evil" not in office.postman.taken[0][1].decode().lower()
        assert (await _mail(visitor, "Ann+x@Customer.example")).status == 204
        assert (await _mail(visitor, "bob@customer.example")).problem == (429, "rate_limited"), "of one conversation"
        assert (await _mail(other, ANN)).problem == (429, "rate_limited"), "to one mailbox, whoever asks"
        assert (await _mail(other, "bob@customer.example")).status == 204


NO_ADDRESSES = ("", "ann", f"{ANN},bob@customer.example", f"{ANN}\r\nBcc: bob@customer.example", SUPPORT, None)


async def test_nothing_is_sent_where_no_customer_can_be(mail_hub: Hub, office: PostOffice) -> None:
    async with _answered(mail_hub) as visitor:
        for email in NO_ADDRESSES:
            assert (await _mail(visitor, email)).status in (400, 503), email
    assert _mails(office) == []


async def test_before_anything_was_answered_there_is_nothing_to_send(mail_hub: Hub, office: PostOffice) -> None:
    async with visiting(mail_hub) as visitor:
        assert (await _mail(visitor, ANN)).problem == (400, "empty")
    assert _mails(office) == []


async def test_a_mail_server_that_refuses_is_told(
    widget: Widget, page: Page, mail_hub: Hub, office: PostOffice
) -> None:
    await widget.visit(mail_hub.url)
    await widget.open()
    await widget.ask("How do I reset my password?")
    office.postman.refusals.rcpt.append("550 nobody of that name")
    await page.get_by_test_id("mail").click()
    form = page.get_by_test_id("mail-form")
    await form.get_by_label("E-mail").fill(CARL)
    await page.get_by_test_id("mail-send").click()
    await expect(form.get_by_role("alert")).to_have_text("That could not be sent. Please try again later.")
    assert _mails(office) == []


async def test_without_a_mailbox_it_is_not_offered(demo: Widget, page: Page, shared_hub: Hub) -> None:
    await demo.ask("How do I reset my password?")
    await expect(page.get_by_test_id("mail")).to_be_hidden()
    async with visiting(shared_hub) as visitor:
        assert (await _mail(visitor, ANN)).problem == (403, "not_allowed")
