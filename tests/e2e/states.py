"""What the widget can show, one state after the other, and what has to hold in each: nothing for axe to find, and on a phone
a finger's width around everything that can be pressed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from playwright.async_api import Page, expect

from tests.e2e.widget import Widget

DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TARGET = 44
"""Pixels (WCAG 2.2, 2.5.5)."""
QUESTION = "How do I reset my password?"
CITED_TWICE = "What does the Team plan cost?"

_NARROW = """least => {
    const root = document.querySelector('switchboard-widget').shadowRoot;
    const log = root.querySelector('.transcript');
    const seen = new Set(), small = [];
    const name = one => `${one.dataset.testid ?? one.name ?? one.className}`;
    const pressable = 'button, a[href], input, textarea, select, summary, [role=button], [role=menuitem], [onclick]';
    for (const one of root.querySelectorAll(pressable)) {
        if (!one.checkVisibility({visibilityProperty: true}) || one.closest('[inert]') || one.matches(':disabled')) continue;
        // A link within a sentence is as high as its line (WCAG 2.2, 2.5.5: inline).
        if (one.matches('.md a, .typed a')) continue;
        if (log?.contains(one)) one.scrollIntoView({block: 'center'});
        const box = one.getBoundingClientRect();
        const x = box.x + box.width / 2, y = box.y + box.height / 2, half = least / 2 - 1;
        const is = (px, py) => { const top = root.elementFromPoint(px, py); return top === one || one.contains(top); };
        const wide = [[-half, 0], [half, 0]].every(([dx]) => is(x + dx, y));
        // Numbers on lines one above the other share the room between the lines.
        const stacked = one.matches('.cite') && [...root.querySelectorAll('.cite')].some(other => { const b =
            other.getBoundingClientRect(); return other !== one && Math.abs(b.y - box.y) < least && Math.abs(b.x - box.x) < least
                && b.y !== box.y; });
        const tall = stacked || [-half, half].every(dy => is(x, y + dy));
        if (!wide || !tall) small.push(`${name(one)} ${box.width.toFixed()}x${box.height.toFixed()}`);
    }
    return small;
}"""


async def small_targets(page: Page) -> Sequence[str]:
    """What a finger cannot hit in its width and height, however it is drawn: each point asked of the browser."""
    found: list[str] = await page.evaluate(_NARROW, TARGET)
    return found


async def states(widget: Widget) -> AsyncIterator[str]:
    """The name of each state, while the widget is in it. The page is loaded already, the panel closed."""
    page, find = widget.page, widget.page.get_by_test_id
    yield "closed"
    await widget.open()
    yield "empty"
    await widget.composer.fill("How do I\nreset it?")
    await widget.files.set_input_files(
        [
            {"name": "invoice.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Notes"},
        ]
    )
    await expect(widget.uploads.get_by_role("alert")).to_be_visible()
    await expect(widget.uploads.last).to_have_attribute("data-state", "done")
    yield "a draft with files, one of them refused"
    for _ in range(2):
        await find("upload-cancel").first.click()
    await widget.composer.fill("")
    await widget.ask(QUESTION)
    yield "an answer with a source"
    await widget.ask(CITED_TWICE)
    yield "another answer"
    await find("thumbs-down").last.click()
    await expect(find("feedback-comment")).to_be_visible()
    yield "a comment"
    await widget.source.last.click()
    await expect(widget.source_panel).to_be_visible()
    yield "a source"
    await find("source-close").click()
    await widget.ask("let a customer look at our project")
    await expect(find("choice").first).to_be_visible()
    yield "choices"
    await widget.ask("Do you sell bicycles?")
    await expect(find("person-offer")).to_be_visible()
    yield "an offer of a person"
    await find("person-offer").click()
    await expect(widget.contact).to_be_visible()
    await expect(widget.status).to_have_attribute("data-kind", "queued")
    yield "the contact form"
    await find("contact-send").click()
    await expect(widget.contact.get_by_role("alert")).not_to_be_empty()
    yield "the contact form with a mistake in it"
    await widget.contact.get_by_test_id("skip").click()
    await expect(widget.contact).to_have_count(0)
    yield "queued"
    await find("transcript").evaluate("log => log.scrollTop = 0")
    await expect(find("jump")).to_be_visible()
    yield "scrolled up"
    await page.context.set_offline(True)
    await widget.say("Is there a free plan?")
    await expect(find("message-state").last).to_have_attribute("data-state", "sending")
    await expect(widget.status).to_have_attribute("data-kind", "problem")
    yield "offline, with a message that waits"
    await page.context.set_offline(False)
    await find("start-over").click()
    await expect(widget.status).to_have_attribute("data-kind", "none")
    yield "begun anew"
