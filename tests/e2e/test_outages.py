"""Whatever happens between the customer and the hub, what was written arrives once and what was answered is seen once."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import aiohttp
import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.e2e import stored
from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub

QUESTION = "Are you a robot?"


async def _visit(widget: Widget, site: Site, hub: Hub) -> None:
    await widget.visit(site.origin + "/", hub=hub.url)
    await widget.open()


async def _stop(hub: Hub, how: Literal["stop", "kill"]) -> None:
    await asyncio.to_thread(hub.stop if how == "stop" else hub.kill)


async def _once(widget: Widget, hub: Hub, text: str) -> None:
    """The message is there once and answered once: on the screen and in the database."""
    await expect(widget.own(text)).to_have_count(1)
    await expect(widget.answers).to_have_count(1)
    session = await widget.session()
    await asyncio.to_thread(hub.stop)
    assert [author for author, _ in stored.messages(hub, session["session_id"])] == ["customer", "agent"]
    assert stored.unfinished(hub) == []


async def test_the_server_stops_while_a_message_is_typed_and_sent(
    widget: Widget, site: Site, make_hub: MakeHub
) -> None:
    hub = make_hub(environment={"WIDGET_ORIGINS": site.origin})
    await _visit(widget, site, hub)
    await widget.composer.press_sequentially(QUESTION[:7])
    await _stop(hub, "stop")
    await expect(widget.status).to_have_attribute("data-kind", "connecting")
    await widget.composer.press_sequentially(QUESTION[7:])
    await widget.composer.press("Enter")
    state = widget.page.get_by_test_id("message-state")
    await expect(state).to_have_text("Waiting for a connection")
    await asyncio.to_thread(hub.start)
    answer = await widget.answer(1)
    await expect(answer).to_contain_text("automated assistant")
    await expect(state).to_have_attribute("data-state", "sent")
    await widget.online()
    await _once(widget, hub, QUESTION)


async def test_a_message_that_was_on_its_way_when_the_server_was_killed(
    widget: Widget, site: Site, make_hub: MakeHub
) -> None:
    hub = make_hub(environment={"WIDGET_ORIGINS": site.origin})
    await _visit(widget, site, hub)
    hub.freeze()
    await widget.say("Hello")  # leaves the browser, and lies in the dead process's buffer
    await expect(widget.page.get_by_test_id("message-state")).to_have_text("Sending…")
    hub.kill()
    await asyncio.to_thread(hub.start)
    await widget.answer(1)
    await _once(widget, hub, "Hello")


async def test_a_page_that_was_closed_before_its_message_was_sent(
    widget: Widget, site: Site, make_hub: MakeHub
) -> None:
    hub = make_hub(environment={"WIDGET_ORIGINS": site.origin})
    before = Widget(await widget.page.context.new_page())
    await _visit(before, site, hub)
    await _stop(hub, "kill")
    await before.say("Hello")
    await expect(before.own("Hello")).to_have_attribute("data-state", "sending")
    await before.page.close()
    await asyncio.to_thread(hub.start)
    await _visit(widget, site, hub)
    await widget.answer(1)
    await _once(widget, hub, "Hello")


@pytest.mark.parametrize("lost", ["ack", "everything"])
async def test_a_stored_message_whose_confirmation_was_lost_is_not_stored_again(
    widget: Widget, site: Site, shared_hub: Hub, lost: str
) -> None:
    """The line breaks after the server has stored the message and before the browser hears of it."""
    lines: list[WebSocketRoute] = []
    sent: list[str] = []

    def between(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        first = not lines
        lines.append(line)

        def up(message: str | bytes) -> None:
            sent.append(str(message))
            server.send(message)

        def down(message: str | bytes) -> None:
            told = '"ack"' in str(message) or '"message"' in str(message)
            if first and any('"message"' in text for text in sent) and (lost == "everything" or told):
                asyncio.get_running_loop().create_task(line.close(code=1012))
            else:
                line.send(message)

        line.on_message(up)
        server.on_message(down)

    await widget.page.route_web_socket("**/ws", between)
    await _visit(widget, site, shared_hub)
    await widget.say("Hello")
    await widget.answer(1)
    await expect(widget.own("Hello")).to_have_count(1)
    await expect(widget.page.get_by_test_id("message-state")).to_have_attribute("data-state", "sent")
    assert len(lines) > 1
    session = await widget.session()
    assert [who for who, _ in stored.messages(shared_hub, session["session_id"])] == ["customer", "agent"]


async def test_without_a_network_messages_wait_and_go_out_in_order(demo: Widget, shared_hub: Hub, page: Page) -> None:
    await demo.ask("Hello")
    await page.context.set_offline(True)
    await expect(demo.status).to_have_attribute("data-kind", "problem")
    await expect(demo.status).to_contain_text("You are offline")
    await demo.say("Thanks")
    await demo.say("Bye")
    await page.context.set_offline(False)
    await demo.online()
    await expect(demo.own("Bye")).to_have_attribute("data-state", "sent")
    session = await demo.session()
    assert stored.said(shared_hub, session["session_id"]) == ["Hello", "Thanks", "Bye"]
    await expect(demo.answers.last).to_contain_text("Have a good day")


async def _tell(hub: Hub, session: dict[str, Any], text: str) -> None:
    """Another device of the same customer."""
    headers = {"Authorization": f"Bearer {session['token']}"}
    address = f"{hub.url}/api/chat/sessions/{session['session_id']}/messages"
    async with aiohttp.ClientSession(headers=headers) as client, client.post(address, json={"message": text}) as answer:
        assert answer.status == 200, await answer.text()


async def test_after_a_sleep_the_dead_line_is_noticed_and_what_was_missed_is_shown(
    widget: Widget, site: Site, shared_hub: Hub
) -> None:
    dead: set[int] = set()
    lines: list[WebSocketRoute] = []

    def between(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        number = len(lines)
        lines.append(line)
        line.on_message(lambda message: None if number in dead else server.send(message))
        server.on_message(lambda message: None if number in dead else line.send(message))

    await widget.page.clock.install()
    await widget.page.route_web_socket("**/ws", between)
    await _visit(widget, site, shared_hub)
    await widget.ask("Hello")
    dead.add(0)  # the lid is closed: nothing passes any more, and nobody says so
    await _tell(shared_hub, await widget.session(), "Thanks")
    await expect(widget.answers).to_have_count(1)
    await widget.page.clock.fast_forward("30:00")  # the lid opens: timers notice the gap and the line is doubted
    await widget.page.clock.fast_forward(6_000)
    await widget.answer(2)
    await widget.online()
    await expect(widget.own("Thanks")).to_have_count(1)
    assert len(lines) > 1
    assert [who for who, _ in await widget.transcript()] == ["customer", "agent"] * 2
