"""A customer who writes German and staff who write English, with a model between them, on a real hub."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.desk.test_desk import CLAIM, scene
from tests.fixtures.hub import MakeHub
from tests.fixtures.peers import MakeLlMock

pytestmark = pytest.mark.slow

FIXTURES = [
    {"match": {"userMessage": "Ich möchte mit einem Menschen"}, "response": {"content": "I want to talk to a person"}},
    {"match": {"userMessage": "Wo ist meine Bestellung"}, "response": {"content": "Where is my order AB-12?"}},
    {"match": {"userMessage": "on Monday"}, "response": {"content": "Ihre Bestellung AB-12 kommt am Montag."}},
    {"match": {"userMessage": "20 euros back"}, "response": {"content": "Sie bekommen 200 Euro zurück."}},
]


async def test_everybody_reads_their_own_language(make_hub: MakeHub, make_llmock: MakeLlMock) -> None:
    model = await asyncio.to_thread(make_llmock, FIXTURES)
    environment = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "test", "DESK_TRANSLATE": "true"}
    async with scene(make_hub, DESK_UNDO_SECONDS="1", **environment) as world:
        office = world.office
        await world.visitor.say("Ich möchte mit einem Menschen sprechen, bitte", client_id="wish")
        card = await office.card()
        await office.sees(card, "I want to talk to a person")
        await office.press(card, CLAIM)
        await world.reads("Grace")
        await world.visitor.say("Wo ist meine Bestellung AB-12?", client_id="order")
        await office.sees(card, "Where is my order AB-12?")
        await office.sees(card, "Wo ist meine Bestellung AB-12?")

        await office.write(card, "Your order AB-12 arrives on Monday.")
        await office.sees(card, "Ihre Bestellung AB-12 kommt am Montag.")
        await world.reads("Ihre Bestellung AB-12 kommt am Montag.")

        await office.write(card, "You get 20 euros back.")
        await office.sees(card, "changed this")
        await world.reads("You get 20 euros back.")
        texts = await world.texts()
        assert not any("200 Euro" in text or "arrives on Monday" in text for text in texts)
