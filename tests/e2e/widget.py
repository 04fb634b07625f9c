"""The widget as its user handles it: what can be seen and pressed, found by test id (the shadow root is open)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import Locator, Page, WebSocket, expect

from tests.patience import PATIENCE

ANSWER_MS = 1000 * PATIENCE
"""Longer than a turn may take (TURN_TIMEOUT_SECONDS)."""


@dataclass
class Wire:
    """The frames of every WebSocket of the page, as they came."""

    received: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """From now on."""
        page.on("websocket", self._opened)

    def _opened(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: self.received.append(json.loads(text)))
        socket.on("framesent", lambda text: self.sent.append(json.loads(text)))

    def types(self) -> list[str]:
        """Of what was received."""
        return [str(frame["type"]) for frame in self.received]


class Widget:
    """On one page. ``wire`` shows what went over its sockets."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wire = Wire()
        self.wire.listen(page)
        find = page.get_by_test_id
        self.launcher, self.panel, self.close = find("launcher"), find("panel"), find("close")
        self.composer, self.send = find("composer"), find("send")
        self.status = find("status-line")
        self.person, self.person_offer = find("person"), find("person-offer")
        self.contact = find("contact-form")
        self.source, self.source_panel = find("source"), find("source-panel")
        self.files, self.uploads = find("file-input"), find("upload")
        self.suggestions = find("suggestion")

    async def visit(self, url: str, **options: str) -> None:
        """Load a page that carries the widget, and wait until it is there."""
        await self.page.goto(f"{url}?{urlencode(options)}" if options else url)
        await expect(self.launcher).to_be_visible()

    async def open(self) -> None:
        """Press the launcher; wait until the line is up."""
        await self.launcher.click()
        await expect(self.panel).to_be_visible()
        await self.online()

    async def online(self) -> None:
        """Wait until nothing stands between the customer and the hub."""
        await expect(self.status).not_to_have_attribute("data-kind", "connecting", timeout=ANSWER_MS)
        await expect(self.status).not_to_have_attribute("data-kind", "problem")

    def messages(self, author: str | None = None) -> Locator:
        """All messages, or those of one author."""
        found = self.page.get_by_test_id("message")
        return found if author is None else found.and_(self.page.locator(f'[data-author="{author}"]'))

    def own(self, text: str) -> Locator:
        """The customer's messages that say exactly this."""
        return self.messages("customer").filter(has=self.page.get_by_text(text, exact=True))

    @property
    def answers(self) -> Locator:
        """The agent's stored messages; not those that are still being written."""
        return self.messages("agent").and_(self.page.locator(':not([data-state="streaming"])'))

    async def say(self, text: str) -> None:
        """Write a message and press Enter."""
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def ask(self, question: str) -> Locator:
        """Say it and wait for the agent's answer."""
        before = await self.answers.count()
        await self.say(question)
        return await self.answer(before + 1)

    async def answer(self, number: int) -> Locator:
        """The agent's ``number``-th message, when it is there and whole."""
        await expect(self.answers).to_have_count(number, timeout=ANSWER_MS)
        return self.answers.nth(number - 1)

    async def transcript(self) -> list[tuple[str, str]]:
        """Who said what, from top to bottom; without the small print."""
        script = """rows => rows.map(row => [row.dataset.author,
            (row.querySelector('.bubble') ?? row).innerText.trim()])"""
        return [(author, text) for author, text in await self.messages().evaluate_all(script)]

    async def session(self) -> dict[str, Any]:
        """What the widget keeps of its session on this device."""
        stored = await self.page.evaluate(
            "() => Object.entries(localStorage).filter(([k]) => k.endsWith(':session')).map(([, v]) => v)"
        )
        assert len(stored) == 1, stored
        found: dict[str, Any] = json.loads(stored[0])
        return found
