"""Takes the pictures of the README from a real hub: the widget, and the desk.   python -m scripts.screenshots [FOLDER]

The widget is Chromium on the demo page. The desk is what the hub sends to Slack, drawn as HTML (scripts/slack_look.py).
"""

from __future__ import annotations

import asyncio
import base64
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import GRACE, SECRET, STAFF, TOKEN
from scripts import slack_look
from tests.e2e.desk.office import Office
from tests.e2e.knowledge_copy import started
from tests.fixtures.browser import FLAGS
from tests.servers import programs
from tests.servers.hub import Hub

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
NAMES = ("widget.png", "desk.png")
WIDTH, HEIGHT = 1200, 800
QUESTION = "How do I reset my password?"
WISH = "The link in the mail has expired twice. Can a person help me?"
REPLY = "Hi! I have sent you a fresh link by hand, it works for a day."
PATIENCE_MS = 90_000
LARGEST = 300_000
"""Bytes: a README has to load."""

FRAME = """<!doctype html><style>
  body {{ margin: 0; height: {height}px; display: flex; gap: 64px; align-items: center; justify-content: center;
    background: #0b3b3f; }}
  img {{ border-radius: 20px; box-shadow: 0 12px 32px #0006; }}
</style>{images}"""


async def panel(page: Page) -> str:
    """The open panel as it stands, as an image tag."""
    await page.mouse.move(5, HEIGHT - 5)
    taken = await page.get_by_test_id("panel").screenshot(animations="disabled", caret="hide")
    return f'<img src="data:image/png;base64,{base64.b64encode(taken).decode()}">'


async def take_widget(page: Page, url: str, picture: Path) -> None:
    """An answer, and the passage that it rests on: side by side, since on the screen the one covers the other."""
    await page.goto(url)
    await page.get_by_test_id("launcher").click()
    await page.get_by_test_id("composer").fill(QUESTION)
    await page.get_by_test_id("composer").press("Enter")
    await expect(page.get_by_test_id("thumbs-up")).to_be_visible(timeout=PATIENCE_MS)
    await page.get_by_test_id("composer").blur()
    images = [await panel(page)]
    await page.get_by_test_id("source").first.click()
    await expect(page.get_by_test_id("source-panel")).to_be_visible()
    images.append(await panel(page))
    await page.get_by_test_id("source-close").click()
    frame = await page.context.new_page()
    await frame.set_content(FRAME.format(height=HEIGHT, images="".join(images)), wait_until="load")
    await frame.screenshot(path=picture)
    await frame.close()


async def take_desk(page: Page, office: Office, picture: Path) -> None:
    """The customer of that page asks for a person; Grace takes the case and answers."""
    await page.get_by_test_id("composer").fill(WISH)
    await page.get_by_test_id("composer").press("Enter")
    card = await office.card()
    await office.press(card, "staff_claim")
    transcript = page.get_by_test_id("transcript")
    await expect(transcript).to_contain_text("Grace", timeout=PATIENCE_MS)
    await office.sees(card, "What Grace writes here goes")
    await office.marked(await office.write(card, REPLY), "white_check_mark")
    await expect(transcript).to_contain_text(REPLY, timeout=PATIENCE_MS)
    people = {GRACE: "Grace"}
    columns = [slack_look.messages(some, people) for some in ([office.cards[0]], office.thread(card))]
    desk = await page.context.new_page()
    shown = slack_look.channel("# support", columns, WIDTH // 2)
    await desk.set_content(slack_look.page(shown, people), wait_until="load")
    await desk.locator("body").screenshot(path=picture)
    await desk.close()


async def take(browser: Browser, url: str, office: Office, folder: Path) -> None:
    """Both pictures, of one conversation."""
    window = {"width": WIDTH, "height": HEIGHT}
    context = await browser.new_context(viewport=window, color_scheme="light", locale="en-GB", reduced_motion="reduce")  # type: ignore[arg-type]
    page = await context.new_page()
    await take_widget(page, url, folder / NAMES[0])
    await take_desk(page, office, folder / NAMES[1])


async def run(folder: Path, home: Path) -> None:
    """With a browser, a hub in ``home`` and a Slack of its own."""
    async with SlackFake() as slack, async_playwright() as playwright:
        environment = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": slack.api_url,
            "SLACK_STAFF_CHANNEL": STAFF,
        }
        hub = Hub(home, sources="sample", environment=environment)
        try:
            await asyncio.to_thread(started, hub)
            browser = await playwright.chromium.launch(executable_path=str(programs.chromium()), args=FLAGS)
            await take(browser, hub.url, Office(slack, hub), folder)
            await browser.close()
        finally:
            hub.kill()


def main(arguments: list[str]) -> None:
    """Writes both, and says how large they are."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        asyncio.run(run(folder, Path(home)))
    for name in NAMES:
        size = (folder / name).stat().st_size
        print(f"{name}: {size // 1000} kB")
        if size > LARGEST:
            raise SystemExit(f"That is more than {LARGEST // 1000} kB.")


if __name__ == "__main__":
    main(sys.argv[1:])
