"""Staff search what was said with a case's customer: in their conversations alone, and as far as the thread's readers may see."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.agent.history_search import search_history
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import CustomerAction, MessageReceived, StaffAction
from core.ports.memories import Said
from core.ports.tickets import Holder
from core.storage.migrate import migrate
from handoff.settings import HandoffSettings
from handoff.teams import Team
from handoff.thread.customer_history import history_query
from tests.property.desk_world import HOME, OTHER, DeskWorld

EARLIER = ConversationKey("web", "main", "t3")
"""Another conversation of the same signed-in customer."""


class Searched:
    """A case of a signed-in customer who wrote in another conversation before; somebody else wrote of the same thing."""

    def __init__(self, template: Path, settings: HandoffSettings = DeskWorld.settings) -> None:
        async def found(holder: Holder, query: str) -> Sequence[Said]:
            return await search_history(await self.world.store.history_of(holder, 100), query, None)

        class World(DeskWorld):
            pass

        World.settings = settings
        self.world = World(template, history=found)

    def says(self, text: str, place: ConversationKey, who: str, action: CustomerAction | None = None) -> None:
        world = self.world
        key, identity = EventKey("web", "main", f"c{world.number()}"), Identity("web", "main", who, verified=True)
        world.accept(MessageReceived(key, place, identity, text, world.clock.now(), action=action))
        world.settle_down()

    def asks(self, text: str) -> list[str]:
        """What the thread is told of it: remarks, and the lines of transcripts with who said them."""
        case = self.world.cases()[-1].id
        before = {one.id for one in self.world.told_staff(case)}
        event = self.world.staff_does(self.world.threads[0], "grace", text, StaffAction.ASK)
        event = replace(event, conversation=replace(event.conversation, thread=f"{event.conversation.thread}/agent"))
        self.world.accept(event)
        self.world.settle_down()
        told = [one for one in self.world.told_staff(case) if one.id not in before]
        lines = [f"{line['author']}: {line['text']}" for one in told for line in one.meta.get("lines", ())]
        return [one.text for one in told if one.meta["post"] == "remark"] + lines


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def searched(template: Path) -> Iterator[Searched]:
    found = Searched(template)
    found.says("The label of my parcel is torn", EARLIER, "ada")
    found.says("My label is torn as well, says Ben", OTHER, "ben")
    found.says("A person, please", HOME, "ada", CustomerAction.REQUEST_PERSON)
    yield found
    found.world.close()


def test_another_conversation_of_the_customer_is_found_and_nobody_elses(searched: Searched) -> None:
    heading, *lines = searched.asks("history: torn label")
    assert "torn label" in heading
    assert "customer: The label of my parcel is torn" in lines
    assert not any("Ben" in line for line in lines)


def test_the_customer_reads_neither_the_search_nor_what_it_found(searched: Searched) -> None:
    before = len(searched.world.told_customer())
    searched.asks("history: torn label")
    assert len(searched.world.told_customer()) == before


def test_what_was_never_said_is_not_found_and_an_empty_search_says_how(searched: Searched) -> None:
    (none,) = searched.asks("history: submarine periscope")
    assert "submarine periscope" in none
    (how,) = searched.asks("history:")
    assert "for example" in how


def test_a_question_about_a_history_goes_to_the_agent(searched: Searched) -> None:
    asked = searched.asks("What is the history of our company?")
    assert not any("What is the history" in line and "“" in line for line in asked)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("history: torn label", "torn label"),
        ("  Verlauf : Etikett", "Etikett"),
        ("Historique: étiquette", "étiquette"),
        ("HISTORIAL: etiqueta", "etiqueta"),
        ("السجل: ملصق", "ملصق"),
        ("history:", ""),
        ("history of the company", None),
        ("our history: short", None),
    ],
)
def test_the_command_stands_first_in_any_language(text: str, query: str | None) -> None:
    assert history_query(text) == query


def test_a_case_of_a_team_with_a_channel_of_its_own_stays_there(template: Path) -> None:
    legal = Team("legal", channel="CLEGAL", keywords=("lawsuit",))
    searched = Searched(template, replace(DeskWorld.settings, teams=(legal,)))
    try:
        searched.says("My lawsuit is about a torn label", EARLIER, "ada", CustomerAction.REQUEST_PERSON)
        searched.says("My shop label is torn", HOME, "ada")
        searched.says("A person, please", HOME, "ada", CustomerAction.REQUEST_PERSON)
        searched.world.threads.reverse()
        lines = searched.asks("history: torn label")
        assert any("shop label" in line for line in lines)
        assert not any("lawsuit" in line for line in lines)
    finally:
        searched.world.close()


def test_the_thread_of_an_earlier_case_does_not_find_what_another_team_reads_now(template: Path) -> None:
    legal = Team("legal", channel="CLEGAL", keywords=("lawsuit",))
    searched = Searched(template, replace(DeskWorld.settings, teams=(legal,)))
    try:
        searched.says("My shop label is torn, a person please", HOME, "ada", CustomerAction.REQUEST_PERSON)
        world = searched.world
        world.accept(world.staff_does(world.threads[0], "grace", "", StaffAction.RESOLVE))
        world.settle_down()
        world.clock.move(30 * 86_400)
        searched.says("My lawsuit is about a torn label", HOME, "ada", CustomerAction.REQUEST_PERSON)
        first, second = world.cases()
        event = world.staff_does(world.threads[0], "grace", "history: torn label", StaffAction.ASK)
        world.accept(
            replace(event, conversation=replace(event.conversation, thread=f"{event.conversation.thread}/agent"))
        )
        world.settle_down()
        told = [line["text"] for one in world.told_staff(first.id) for line in one.meta.get("lines", ())]
        assert second.number == 2
        assert not any("lawsuit" in text for text in told), told
    finally:
        searched.world.close()
