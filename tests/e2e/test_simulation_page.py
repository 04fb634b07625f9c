"""``switchboard simulate``: a person tries the hub on one page, as a customer on a channel and as staff, without an account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from config.simulation.page import SimulationPage
from config.simulation.town import town
from tests.patience import PATIENCE

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
_MS = PATIENCE * 1000


@pytest_asyncio.fixture(loop_scope="session")
async def simulation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Where the page is; its hub has no documents."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "none")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-a-real-one")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@192.0.2.1/real")
    async with town(tmp_path / "var", {}) as built:
        page = SimulationPage(built, 0)
        await page.server.start_server()
        yield f"http://127.0.0.1:{page.server.port}"
        await page.server.close()


async def test_a_customer_asks_for_a_person_and_staff_answer(page: Page, simulation: str, axe_source: str) -> None:
    await page.goto(simulation)
    await page.get_by_label("Channel").select_option("telegram")
    await page.get_by_role("button", name="New customer").click()
    await page.get_by_label("Message: Customer 1, telegram").fill("I want to talk to a person")
    await page.keyboard.press("Enter")
    customer = page.get_by_role("list", name="Customer 1, telegram")
    case = page.get_by_role("list", name="Case 1")
    await expect(customer).to_contain_text("passed this on to our team", timeout=_MS)
    await expect(case).to_contain_text("asked for a person", timeout=_MS)
    await page.get_by_label("Message: Customer 1, telegram").fill("Is <b>somebody</b> there?")
    await page.keyboard.press("Enter")
    await expect(case).to_contain_text("<b>somebody</b>", timeout=_MS)
    await page.get_by_role("button", name="Claim").click()
    await expect(customer).to_contain_text("Grace has joined", timeout=_MS)
    for text in ("Hello from the team", "// only for us"):
        await page.get_by_label("Message: Case 1").fill(text)
        await page.keyboard.press("Enter")
        await expect(case).to_contain_text(text, timeout=_MS)
    await expect(customer).to_contain_text("Hello from the team", timeout=_MS)
    await expect(customer).not_to_contain_text("only for us")
    await expect(page.get_by_role("button", name="Resolve")).to_be_visible(timeout=_MS)
    await page.evaluate(axe_source)
    found = await page.evaluate("axe.run()")
    assert [violation["id"] for violation in found["violations"]] == []


async def test_a_customer_writes_mails_and_reads_the_answers(page: Page, simulation: str) -> None:
    await page.goto(simulation)
    await page.get_by_label("Channel").select_option("email")
    await page.get_by_role("button", name="New customer").click()
    customer = page.get_by_role("list", name="Customer 1, email")
    await page.get_by_label("Message: Customer 1, email").fill("I want to talk to a person")
    await page.keyboard.press("Enter")
    await expect(customer).to_contain_text("passed this on to our team", timeout=_MS)
    await page.get_by_role("button", name="Claim").click()
    await page.get_by_label("Message: Case 1").fill("Hello by mail from the team")
    await page.keyboard.press("Enter")
    await expect(customer).to_contain_text("Hello by mail from the team", timeout=_MS)


async def test_the_page_serves_this_machine_alone(simulation: str) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(simulation, headers={"Host": "elsewhere.example"}) as answer:
            assert answer.status == 403
        async with http.post(f"{simulation}/customers", data="channel=web") as answer:
            assert answer.status == 415
        for path, given in (
            ("customers", {"channel": "fax"}),
            ("customers", []),
            ("write", {"id": 3, "text": "Hello"}),
            ("write", {"id": float("inf"), "text": "Hello"}),
            ("staff", {"id": "1.2", "text": "Hello"}),
            ("press", {"id": "1.2", "action": "staff_claim"}),
        ):
            async with http.post(f"{simulation}/{path}", json=given) as answer:
                assert answer.status == 400, path
                assert (await answer.json())["detail"]
