"""A customer who waits for a person takes it back, in their own language, and the agent answers again."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.widget import Widget


async def test_who_waits_goes_back_to_the_agent(demo: Widget) -> None:
    await demo.say("Ich möchte bitte mit einem Menschen sprechen")
    await expect(demo.messages("system").last).to_contain_text("Ich habe notiert")
    await expect(demo.status).to_have_attribute("data-kind", "queued")
    await demo.say("Hat sich erledigt, danke")
    await expect(demo.messages("system").last).to_contain_text("zurückgenommen")
    await expect(demo.contact).to_have_count(0)
    await expect(demo.person).to_have_count(1)
    answer = await demo.ask("How do I reset my password?")
    await expect(answer).to_contain_text("Forgot password")


async def test_what_is_asked_beside_a_wish_is_answered_with_its_source(demo: Widget) -> None:
    await demo.say("How do I reset my password? And I want to talk to a person.")
    await expect(demo.messages("system").last).to_contain_text("Nobody from our team is connected")
    answer = demo.answers.last
    await expect(answer).to_contain_text("Forgot password")
    await expect(answer.get_by_test_id("source")).to_have_count(1)
    await expect(answer.get_by_test_id("person-offer")).to_have_count(0)
    await expect(demo.status).to_have_attribute("data-kind", "queued")
    assert [author for author, _ in await demo.transcript()][-3:] == ["customer", "agent", "system"]
    await demo.say("Never mind, what does the Team plan cost?")
    await expect(demo.answers).to_have_count(2)
    await expect(demo.messages("system").last).to_contain_text("taken back")
