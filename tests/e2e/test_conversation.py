"""A customer at the demo page: asks, reads the source, is told honestly what nobody knows, and gets to a person."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.e2e import stored
from tests.e2e.widget import Widget
from tests.servers.hub import Hub

PASSWORD = "How do I reset my password?"
BICYCLES = "Do you sell bicycles?"


async def test_a_question_is_answered_and_its_source_opens(demo: Widget) -> None:
    answer = await demo.ask(PASSWORD)
    await expect(answer).to_contain_text("Forgot password")
    await expect(answer).to_contain_text("60 minutes")
    types = demo.wire.types()
    assert types.index("ack") < types.index("complete"), "sentences stream in only while others are being written"
    await answer.get_by_test_id("source").first.click()
    await expect(demo.source_panel).to_be_visible()
    await expect(demo.source_panel).to_contain_text("How do I reset my password?")
    await expect(demo.source_panel.locator("blockquote")).to_contain_text("Forgot password")
    await demo.page.get_by_test_id("source-close").click()
    await expect(demo.source_panel).to_have_count(0)
    await expect(answer.get_by_test_id("source").first).to_be_focused()


async def test_what_no_document_holds_is_not_known_and_a_person_is_offered(demo: Widget, shared_hub: Hub) -> None:
    answer = await demo.ask(BICYCLES)
    await expect(answer).to_contain_text("I don't know")
    await expect(answer.get_by_test_id("source")).to_have_count(0)
    await answer.get_by_test_id("person-offer").click()
    await expect(demo.messages("system")).to_contain_text("Nobody from our team is connected")
    await expect(demo.status).to_have_attribute("data-kind", "queued")
    await expect(demo.status).to_contain_text("Your request is recorded")
    await expect(demo.person).to_have_count(0)
    await expect(answer.get_by_test_id("person-offer")).to_have_count(0)

    await demo.contact.locator("[name=name]").fill("Ada Lovelace")
    await demo.contact.locator("[name=email]").fill("ada")
    await demo.page.get_by_test_id("contact-send").click()
    await expect(demo.contact.get_by_role("alert")).to_contain_text("e-mail")
    await expect(demo.contact.locator("[name=email]")).to_be_focused()
    await demo.contact.locator("[name=email]").fill("ada@example.com")
    await demo.page.get_by_test_id("contact-send").click()
    await expect(demo.contact).to_have_count(0)
    await expect(demo.messages("system").last).to_contain_text("ada@example.com")

    session = await demo.session()
    assert [text for text in stored.said(shared_hub, session["session_id"]) if "ada@example.com" in text]
    assert len(stored.said(shared_hub, session["session_id"], "agent")) == 1
    await expect(await demo.ask(PASSWORD)).to_contain_text("Forgot password")
    await expect(demo.status).to_have_attribute("data-kind", "queued")


async def test_talk_to_a_person_at_any_time(demo: Widget) -> None:
    await demo.person.click()
    await expect(demo.own("I would like to talk to a person.")).to_have_count(1)
    await expect(demo.contact).to_be_visible()
    await demo.say("Can I talk to a person?")
    await expect(demo.messages("system").last).to_contain_text("recorded for our team")
    await expect(demo.messages("agent")).to_have_count(0)


async def test_the_notice_stays_in_view_above_the_contact_form(demo: Widget, page: Page) -> None:
    """What the hub says about who will answer is read first; the form below it may have to be scrolled to."""
    await page.set_viewport_size({"width": 1280, "height": 640})
    await demo.ask(PASSWORD)
    await demo.person.click()
    await expect(demo.contact).to_be_visible()
    notice = demo.messages("system").last
    await expect(notice).to_be_in_viewport(ratio=1)
    await expect(demo.contact).not_to_be_in_viewport(ratio=1)
    assert await _above_the_edge(notice) <= 0
    await demo.contact.locator("[name=email]").scroll_into_view_if_needed()
    read = await _scrolled(notice)
    await demo.contact.locator("[name=email]").fill("not an address")
    await demo.contact.get_by_test_id("contact-send").click()
    await expect(demo.contact.get_by_role("alert")).not_to_be_empty()
    assert await _scrolled(notice) >= read, "who went on to the form is not taken back"


async def test_an_answer_longer_than_the_panel_is_read_from_its_beginning(demo: Widget, page: Page) -> None:
    await page.set_viewport_size({"width": 1280, "height": 400})
    answer = await demo.ask("What does the Team plan cost?")
    await expect(answer.get_by_test_id("source").first).to_be_attached()
    await expect(answer).not_to_be_in_viewport(ratio=1)
    assert await _above_the_edge(answer) <= 0
    await expect(page.get_by_role("button", name="Latest messages")).to_have_count(0)


async def _above_the_edge(message: Locator) -> float:
    """How much of its top lies hidden above the transcript's upper edge, in pixels."""
    return float(
        await message.evaluate(
            "m => m.closest('[role=log]').getBoundingClientRect().top - m.getBoundingClientRect().top"
        )
    )


async def _scrolled(message: Locator) -> float:
    return float(await message.evaluate("m => m.closest('[role=log]').scrollTop"))


async def test_after_a_reload_everything_is_there_again(demo: Widget, page: Page) -> None:
    await demo.ask(PASSWORD)
    await demo.ask("Thank you!")
    before = await demo.transcript()
    assert [author for author, _ in before] == ["customer", "agent"] * 2
    session = await demo.session()
    await page.reload()
    await expect(demo.panel).to_be_visible()
    await expect(demo.answers).to_have_count(2)
    assert await demo.transcript() == before
    await expect(demo.source.first).to_be_visible()
    assert (await demo.session())["session_id"] == session["session_id"]
    answer = await demo.ask("What does the Team plan cost?")
    await expect(answer).to_contain_text("9")


async def test_thumbs_down_with_a_comment(demo: Widget, shared_hub: Hub, page: Page) -> None:
    answer = await demo.ask(PASSWORD)
    down = answer.get_by_test_id("thumbs-down")
    await down.click()
    await expect(down).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("feedback-comment").fill("Where is that page?")
    async with page.expect_response(lambda answer: "Where is" in (answer.request.post_data or "")):
        await page.get_by_test_id("feedback-send").click()
    await expect(answer).to_contain_text("Thank you for the feedback")
    session = await demo.session()
    statement = """SELECT rating, comment FROM feedback AS f JOIN conversation AS c ON c.id = f.conversation_id
        WHERE thread = ?"""
    kept = [{"rating": "down", "comment": "Where is that page?"}]
    assert stored.rows(shared_hub, statement, session["session_id"]) == kept
    await page.reload()
    await expect(page.get_by_test_id("thumbs-down")).to_have_attribute("aria-pressed", "true")


async def test_two_tabs_show_one_conversation(demo: Widget, shared_hub: Hub) -> None:
    other = Widget(await demo.page.context.new_page())
    await other.visit(demo.page.url)
    await other.open()
    assert (await other.session())["session_id"] == (await demo.session())["session_id"]
    await demo.ask(PASSWORD)
    await expect(other.answers).to_have_count(1)
    await other.ask("Hello")
    await expect(demo.answers).to_have_count(2)
    assert await demo.transcript() == await other.transcript()
    session = await demo.session()
    assert stored.said(shared_hub, session["session_id"]) == [PASSWORD, "Hello"]


async def test_an_answer_while_the_panel_is_closed_is_announced(demo: Widget, page: Page) -> None:
    # In one breath, or the answer may be there before the panel is closed.
    await page.evaluate("question => { Switchboard.ask(question); Switchboard.close(); }", PASSWORD)
    await expect(demo.panel).to_be_hidden()
    await expect(page.get_by_test_id("badge")).to_have_text("1")
    await expect(demo.launcher).to_have_attribute("aria-label", "Open chat. Unread messages: 1")
    await demo.launcher.click()
    await expect(page.get_by_test_id("badge")).to_have_count(0)


async def test_the_screen_reader_hears_whole_messages_once(demo: Widget, page: Page) -> None:
    await page.evaluate(
        """() => { window.heard = [];
        const place = document.querySelector('switchboard-widget').shadowRoot.querySelector('[data-testid=announcer]');
        new MutationObserver(() => heard.push(place.textContent)).observe(place, {subtree: true, childList: true}); }"""
    )
    await demo.ask(PASSWORD)
    heard = [text for text in await page.evaluate("heard") if "Forgot password" in text]
    assert len(set(heard)) == 1, heard
    assert "60 minutes" in heard[0]
    assert "**" not in heard[0]


async def _is_answered(answer: Locator, question: str) -> None:
    if question == BICYCLES:
        await expect(answer).to_contain_text("I don't know")
        await expect(answer.get_by_test_id("person-offer")).to_be_visible()
    else:
        await expect(answer.get_by_test_id("source").first, question).to_be_visible()


async def test_each_example_of_the_demo_page_is_answered_from_a_document(widget: Widget, shared_hub: Hub) -> None:
    await widget.visit(shared_hub.url)
    examples = widget.page.locator("[data-ask]")
    questions = [str(await button.get_attribute("data-ask")) for button in await examples.all()]
    assert {PASSWORD, BICYCLES} <= set(questions)
    for number, question in enumerate(questions):
        await examples.nth(number).press("Enter")
        await _is_answered(await widget.answer(number + 1), question)
    assert [text for who, text in await widget.transcript() if who == "customer"] == questions


async def test_the_suggestions_in_the_empty_chat_are_answered_from_a_document(demo: Widget) -> None:
    questions = [text.strip() for text in await demo.suggestions.all_inner_texts()]
    assert questions
    await demo.suggestions.first.click()
    await _is_answered(await demo.answer(1), questions[0])
    await expect(demo.suggestions).to_have_count(0)
    for number, question in enumerate(questions[1:], start=2):
        await _is_answered(await demo.ask(question), question)
        await expect(demo.answers).to_have_count(number)


async def test_what_is_asked_back_is_chosen_with_one_press(demo: Widget) -> None:
    asked = await demo.ask("let a customer look at our project")
    await expect(asked).to_contain_text("Answer with the number")
    await expect(asked.get_by_test_id("source")).to_have_count(0)
    choices = asked.get_by_test_id("choice")
    await expect(choices.first).to_have_text("1. Can I share a project with a client?")
    await choices.first.press("Enter")
    answered = await demo.answer(2)
    await expect(answered).to_contain_text("Can I share a project with a client?")
    await expect(answered.get_by_test_id("source").first).to_be_visible()
    await expect(asked.get_by_test_id("choice")).to_have_count(0)


async def test_the_search_field_of_the_demo_page_asks_in_the_chat(widget: Widget, page: Page, shared_hub: Hub) -> None:
    await widget.visit(shared_hub.url)
    await page.get_by_role("search").get_by_role("textbox").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await _is_answered(await widget.answer(1), PASSWORD)
