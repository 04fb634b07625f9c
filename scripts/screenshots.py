"""Takes the picture of the README: Chromium on the demo page of a real hub.   python -m scripts.screenshots"""

from __future__ import annotations

import asyncio
import base64
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.fixtures.browser import FLAGS
from tests.servers import programs
from tests.servers.hub import Hub

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "widget.png"
WIDTH, HEIGHT = 1200, 800
QUESTION = "How do I reset my password?"
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


async def both_sides(page: Page, url: str) -> list[str]:
    """An answer, and the passage that it rests on."""
    await page.goto(url)
    await page.get_by_test_id("launcher").click()
    await page.get_by_test_id("composer").fill(QUESTION)
    await page.get_by_test_id("composer").press("Enter")
    await expect(page.get_by_test_id("thumbs-up")).to_be_visible(timeout=PATIENCE_MS)
    await page.get_by_test_id("composer").blur()
    answer = await panel(page)
    await page.get_by_test_id("source").first.click()
    await expect(page.get_by_test_id("source-panel")).to_be_visible()
    return [answer, await panel(page)]


async def take(browser: Browser, url: str) -> None:
    """Both, side by side, since on the screen the one covers the other."""
    window = {"width": WIDTH, "height": HEIGHT}
    page = await browser.new_page(viewport=window, color_scheme="light", locale="en-GB", reduced_motion="reduce")  # type: ignore[arg-type]
    images = await both_sides(page, url)
    await page.goto("about:blank")
    await page.set_content(FRAME.format(height=HEIGHT, images="".join(images)), wait_until="load")
    await page.screenshot(path=PICTURE)


async def run(url: str) -> None:
    """With a browser of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(programs.chromium()), args=FLAGS)
        await take(browser, url)
        await browser.close()


def main() -> None:
    """With a hub of its own."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        hub = Hub(Path(home), sources="sample")
        hub.start()
        try:
            asyncio.run(run(hub.url))
        finally:
            hub.kill()
    size = PICTURE.stat().st_size
    print(f"{PICTURE.name}: {WIDTH} x {HEIGHT}, {size // 1000} kB")
    if size > LARGEST:
        raise SystemExit(f"That is more than {LARGEST // 1000} kB.")


if __name__ == "__main__":
    main()
