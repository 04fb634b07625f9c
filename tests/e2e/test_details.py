"""What a customer stumbles over: things said twice, cut off or covered; on a desk's screen and on a phone's."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.e2e.site import Site
from tests.e2e.states import DESK, PHONE, QUESTION
from tests.e2e.visitor import visiting
from tests.e2e.widget import Widget
from tests.servers.hub import Hub

WORD_OF_AI = {
    "en": "AI assistant",
    "de": "KI-Assistenten",
    "fr": "assistant IA",
    "es": "asistente de IA",
    "ar": "الذكاء الاصطناعي",
    "ja": "AIアシスタント",
    "ru": "ИИ-ассистентом",
}


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def browser_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    options: dict[str, Any] = {**request.param, "locale": "en-GB"}
    return options


async def _can_be_pressed(control: Locator) -> bool:
    """Whether all of it is on the screen and nothing lies over its corners and its middle."""
    await expect(control).to_be_in_viewport(ratio=1)
    return bool(
        await control.evaluate(
            """element => { const box = element.getBoundingClientRect();
            return [[4, 4], [box.width / 2, box.height / 2], [box.width - 4, box.height - 4]].every(([x, y]) => {
                const top = element.getRootNode().elementFromPoint(box.x + x, box.y + y);
                return element === top || element.contains(top); }) }"""
        )
    )


async def _visible_texts(page: Page, words: str) -> int:
    return sum([await found.is_visible() for found in await page.get_by_text(words).all()])


async def test_a_source_is_named_once(demo: Widget, page: Page) -> None:
    answer = await demo.ask(QUESTION)
    assert (await answer.inner_text()).count(QUESTION) == 1
    await expect(demo.source).to_have_count(1)
    await demo.source.click()
    shown = await demo.source_panel.inner_text()
    assert shown.count(QUESTION) == 1
    assert "faq.yaml" not in shown


async def test_choices_stand_once_and_keep_their_numbers(demo: Widget, page: Page) -> None:
    asked = await demo.ask("let a customer look at our project")
    choices = asked.get_by_test_id("choice")
    labels = [text.partition(". ")[2] for text in await choices.all_inner_texts()]
    assert len(labels) >= 2
    text = await asked.inner_text()
    assert [text.count(label) for label in labels] == [1] * len(labels)
    await expect(asked.locator("li").first).to_have_css("list-style-type", "none")
    await choices.first.click()
    await demo.answer(2)
    await expect(demo.own(labels[0])).to_have_count(1)
    assert [(await asked.inner_text()).count(label) for label in labels] == [1] * len(labels), "a list again"


async def test_that_nobody_is_there_is_said_once_and_the_form_can_be_sent(demo: Widget, page: Page) -> None:
    await demo.person.click()
    await expect(demo.contact).to_be_visible()
    assert (await demo.panel.inner_text()).lower().count("nobody") == 1
    for control in ("contact-send", "withdraw", "start-over"):
        assert await _can_be_pressed(page.get_by_test_id(control)), control


async def test_a_form_that_opens_is_shown_whole(demo: Widget, page: Page) -> None:
    await demo.ask(QUESTION)
    await page.get_by_test_id("thumbs-down").click()
    assert await _can_be_pressed(page.get_by_test_id("feedback-send"))


async def test_the_way_to_the_newest_message_covers_nothing(demo: Widget, page: Page) -> None:
    await demo.ask(QUESTION)
    await page.get_by_test_id("thumbs-down").click()
    transcript = page.get_by_test_id("transcript")
    await transcript.evaluate("log => log.scrollTop = 0")
    jump = page.get_by_test_id("jump")
    assert await _can_be_pressed(jump)
    mine, log = await jump.bounding_box(), await transcript.bounding_box()
    assert mine is not None
    assert log is not None
    assert mine["y"] >= log["y"] + log["height"]
    await jump.click()
    await expect(jump).to_be_hidden()


async def test_a_citation_never_stands_alone_on_a_line(demo: Widget, page: Page) -> None:
    await demo.ask(QUESTION)
    height = page.viewport_size["height"] if page.viewport_size else 844
    for width in range(300, 420, 7):
        await page.set_viewport_size({"width": width, "height": height})
        apart = await page.get_by_test_id("citation").evaluate_all(
            """cites => cites.filter(cite => { const range = document.createRange(), words = cite.parentNode.previousSibling;
                range.selectNodeContents(words); const last = [...range.getClientRects()].at(-1);
                return last.bottom < cite.getBoundingClientRect().top; }).length"""
        )
        assert apart == 0, width


async def test_without_suggestions_the_panel_is_not_empty(
    widget: Widget, page: Page, site: Site, shared_hub: Hub
) -> None:
    await widget.visit(site.origin, hub=shared_hub.url)
    await widget.open()
    intro, composer = await page.locator(".intro").bounding_box(), await widget.composer.bounding_box()
    assert intro is not None
    assert composer is not None
    assert composer["y"] - intro["y"] - intro["height"] < 60


async def test_it_says_at_the_start_that_an_ai_answers(widget: Widget, page: Page, site: Site, shared_hub: Hub) -> None:
    for language, words in WORD_OF_AI.items():
        await widget.visit(site.origin, hub=shared_hub.url, lang=language, greeting="Ahoy!", title="Shop")
        await page.evaluate("localStorage.clear()")
        await page.reload()
        await widget.open()
        assert await _visible_texts(page, words) == 1, language
        await page.evaluate("question => Switchboard.ask(question)", QUESTION)
        await expect(widget.answers).to_have_count(1)
        await expect(page.get_by_test_id("transcript")).to_contain_text(words)
        await page.evaluate("localStorage.clear(); sessionStorage.clear()")


@pytest.mark.parametrize(
    ("language", "position", "side"), [("ar", "", "left"), ("ar", "right", "right"), ("en", "", "right")]
)
async def test_the_launcher_stands_where_reading_ends(
    widget: Widget, page: Page, site: Site, shared_hub: Hub, language: str, position: str, side: str
) -> None:
    await widget.visit(site.origin, hub=shared_hub.url, lang=language, **({"position": position} if position else {}))
    box = await widget.launcher.bounding_box()
    assert box is not None
    assert page.viewport_size is not None
    middle = page.viewport_size["width"] / 2
    assert (box["x"] + box["width"] / 2 < middle) == (side == "left")


async def test_news_are_counted_in_the_title_of_the_tab(demo: Widget, page: Page) -> None:
    title = await page.title()
    await page.evaluate("question => { Switchboard.ask(question); Switchboard.close(); }", QUESTION)
    await expect(page.get_by_test_id("badge")).to_have_text("1")
    await expect(page).to_have_title(f"(1) {title}")
    await demo.launcher.click()
    await expect(page).to_have_title(title)


async def test_a_sound_is_off_until_it_is_wanted_and_then_kept(demo: Widget, page: Page) -> None:
    await page.add_init_script(
        """const start = OscillatorNode.prototype.start; window.tones = 0;
        OscillatorNode.prototype.start = function (...given) { window.tones++; return start.apply(this, given); };"""
    )
    await page.reload()
    await demo.online()
    ask = "question => { Switchboard.ask(question); Switchboard.close(); }"
    await page.evaluate(ask, QUESTION)
    await expect(page.get_by_test_id("badge")).to_have_text("1")
    assert await page.evaluate("tones") == 0, "nobody asked for it"
    await demo.launcher.click()
    await page.get_by_test_id("sound").click()
    await expect(page.get_by_test_id("sound")).to_have_attribute("aria-pressed", "true")
    assert await page.evaluate("tones") == 1, "it can be heard what it will be"
    await page.reload()
    await expect(page.get_by_test_id("sound")).to_have_attribute("aria-pressed", "true")
    await demo.online()
    await demo.composer.click()
    await page.evaluate(ask, "Is there a free plan?")
    await expect(page.get_by_test_id("badge")).to_have_text("1")
    assert await page.evaluate("tones") == 1
    await demo.launcher.click()
    await page.get_by_test_id("sound").click()
    await expect(page.get_by_test_id("sound")).to_have_attribute("aria-pressed", "false")
    assert await page.evaluate("tones") == 1


async def test_a_request_is_withdrawn_with_an_action_of_its_own(demo: Widget, page: Page) -> None:
    await demo.person.click()
    await page.get_by_test_id("withdraw").click()
    await expect(page.get_by_test_id("withdraw")).to_be_hidden()
    sent = [frame for frame in demo.wire.sent if frame.get("action") == "withdraw"]
    assert [frame["content"] for frame in sent] == ["Back to the assistant"]


async def test_a_new_conversation_leaves_the_request_recorded(demo: Widget, page: Page, shared_hub: Hub) -> None:
    await demo.ask(QUESTION)
    await demo.person.click()
    await expect(demo.contact).to_be_visible()
    old = await demo.session()
    await page.get_by_test_id("start-over").click()
    await expect(demo.messages()).to_have_count(0)
    await expect(demo.status).to_have_attribute("data-kind", "none")
    await demo.ask("Is there a free plan?")
    assert (await demo.session())["session_id"] != old["session_id"]
    async with visiting(shared_hub) as visitor:
        left = await visitor.call("GET", f"/api/sessions/{old['session_id']}", token=old["token"])
        assert left.body["status"] == "queued"
