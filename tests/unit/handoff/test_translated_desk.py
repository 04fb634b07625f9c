"""Two languages at one desk, over a real store: everybody reads their own, and what cannot be translated is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.agent.language import written_language
from core.domain.messages import Author, CustomerAction, Message, StaffAction
from core.ports.desk import Point
from core.ports.translator import Translation
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from handoff.briefing import Briefing
from handoff.customer_language import LastWords
from handoff.slack_desk import SlackDesk
from handoff.translating.translated_desk import TranslatedDesk
from tests.patience import PATIENCE
from tests.property.desk_world import DeskWorld
from tests.unit.handoff.test_desk_cases import Case

WORDS = {
    "Ich möchte einen Menschen": "I want a person",
    "Wo ist mein Paket AB-12?": "Where is my parcel AB-12?",
    "Wo ist mein Paket AB-13?": "Where is my parcel AB-13?",
    "It will be there on Monday": "Es kommt am Montag",
    "It will be there on Tuesday": "Es kommt am Dienstag",
    "Correction: It will be there on Tuesday": "Berichtigung: Es kommt am Dienstag",
    "Berichtigung: It will be there on Tuesday": "Berichtigung: Es kommt am Dienstag",
}


class Dictionary:
    """Implements Translator with a few sentences; what it does not know, it changes. Everybody who writes is German."""

    def __init__(self) -> None:
        self.failing = False
        self.hanging = False
        self.asked = asyncio.Event()

    async def translate(self, text: str, language: str) -> Translation:
        """See Translator."""
        self.asked.set()
        if self.hanging:
            await asyncio.Event().wait()
        if self.failing:
            return Translation(None)
        if text in WORDS.values() or text.startswith(("Bitte beachten", "ok")):
            return Translation(text)
        return Translation(WORDS[text]) if text in WORDS else Translation(None, ("100",))

    async def language_of(self, texts: Sequence[str]) -> str | None:
        """See Translator."""
        return "en" if texts and texts[0].startswith("Hello") else "de"


class GermanCase(Case):
    """Its customer writes German, its staff English."""

    def __init__(self, world: DeskWorld) -> None:
        self.world = world
        world.accept(world.customer_says("Wo ist mein Paket AB-12?", "c00"))
        self.rest()
        world.accept(world.customer_says("Ich möchte einen Menschen", "c0", CustomerAction.REQUEST_PERSON))
        self.rest()

    def says(self, text: str) -> None:
        self.world.accept(self.world.customer_says(text, f"c{self.world.number()}"))

    def posts(self, post: str) -> list[Message]:
        case = self.world.do(self.world.store.last_case(self.world.told_customer()[0].conversation_id))
        assert case is not None
        return [one for one in self.world.told_staff(case.id) if one.meta.get("post") == post]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("translated") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def dictionary() -> Dictionary:
    return Dictionary()


@pytest.fixture
def case(template: Path, dictionary: Dictionary) -> Iterator[GermanCase]:
    world = DeskWorld(template)
    world.turn._desk = TranslatedDesk(world.turn._desk, dictionary, world.store, "en", seconds=0.2)
    try:
        yield GermanCase(world)
    finally:
        world.close()


def test_staff_read_the_customer_in_their_language_with_the_original_below(case: GermanCase) -> None:
    case.says("Wo ist mein Paket AB-12?")
    case.rest()
    first, then = case.posts("said")[0], case.posts("said")[-1]
    assert (first.text, first.meta["original"]) == ("I want a person", "Ich möchte einen Menschen")
    assert (then.text, then.meta["original"]) == ("Where is my parcel AB-12?", "Wo ist mein Paket AB-12?")
    (card,) = case.posts("card")
    before = [line["text"] for post in case.posts("transcript") for line in post.meta["lines"]]
    assert before[0] == "Where is my parcel AB-12?\n> Wo ist mein Paket AB-12?"
    for shown in (card, case.posts("card_now")[0]):
        lines = {line["kind"]: line["text"] for line in shown.meta["facts"]["summary"]}
        assert (lines["asked"], lines["last"]) == ("Where is my parcel AB-12?", "I want a person")


def test_the_customer_reads_staff_in_theirs_and_the_thread_shows_what_they_read(case: GermanCase) -> None:
    case.press(StaffAction.CLAIM)
    case.write("It will be there on Monday")
    case.world.work_once()
    (shown,) = case.posts("sent_as")
    assert (shown.text, shown.meta["language"]) == ("Es kommt am Montag", "de")
    assert case.heard() == [], "it can still be taken back"
    case.rest()
    assert case.heard() == ["Es kommt am Montag"]


def test_an_edit_in_time_is_translated_too(case: GermanCase) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("It will be there on Monday")
    case.world.work_once()
    case.edit(said, "It will be there on Tuesday")
    case.rest()
    assert case.heard() == ["Es kommt am Dienstag"]
    assert [one.text for one in case.posts("sent_as")] == ["Es kommt am Montag", "Es kommt am Dienstag"]


def test_a_correction_after_that_is_translated_too(case: GermanCase) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("It will be there on Monday")
    case.rest()
    case.edit(said, "It will be there on Tuesday")
    case.rest()
    assert case.heard() == ["Es kommt am Montag", "Berichtigung: Es kommt am Dienstag"]


def test_what_the_model_cannot_do_goes_as_it_was_written_and_says_so(case: GermanCase, dictionary: Dictionary) -> None:
    case.press(StaffAction.CLAIM)
    case.write("That is 100 euros")
    case.rest()
    assert case.heard() == ["That is 100 euros"]
    assert any("changed this: 100" in one for one in case.remarks())
    dictionary.failing = True
    case.write("It will be there on Monday")
    case.says("Wo ist mein Paket AB-12?")
    case.rest()
    assert case.heard()[-1] == "It will be there on Monday"
    assert any("could not be translated (de)" in one for one in case.remarks())
    last = case.posts("said")[-1]
    assert last.text == "Wo ist mein Paket AB-12?"
    assert "Not translated" in last.meta["below"]


def test_a_model_that_hangs_keeps_no_message_of_the_customer(case: GermanCase, dictionary: Dictionary) -> None:
    dictionary.hanging = True
    case.says("Wo ist mein Paket AB-12?")
    case.rest()
    assert case.posts("said")[-1].text == "Wo ist mein Paket AB-12?"


def test_what_stays_inside_is_not_translated_and_what_needs_none_is_left_alone(case: GermanCase) -> None:
    case.press(StaffAction.CLAIM)
    case.write("// It will be there on Monday")
    case.write("ok")
    case.says("Hello, I speak English")
    case.rest()
    assert case.heard() == ["ok"]
    assert case.posts("sent_as") == []
    last = case.posts("said")[-1]
    assert last.text == "Hello, I speak English"
    assert "original" not in last.meta


def test_the_customer_s_edits_are_translated(case: GermanCase) -> None:
    event = case.world.customer_says("Wo ist mein Paket AB-12?", "edited")
    case.world.accept(event)
    case.rest()
    case.world.accept(case.world.customer_changes(event, "Wo ist mein Paket AB-13?"))
    case.rest()
    (edited,) = case.posts("edited")
    assert (edited.text, edited.meta["original"]) == ("Where is my parcel AB-13?", "Wo ist mein Paket AB-13?")
    assert edited.author is Author.CUSTOMER


def test_what_was_corrected_in_time_is_kept_as_it_was_corrected(case: GermanCase, dictionary: Dictionary) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("It will be there on Monday")
    case.world.work_once()
    case.edit(said, "It will be there on Tuesday")
    case.rest()
    last = case.world.told_customer()[-1]
    assert (last.text, last.meta["original"]) == ("Es kommt am Dienstag", "It will be there on Tuesday")
    assert last.meta["original_title"] == "Original", "with which the web shows it"
    said = case.write("It will be there on Monday")
    case.world.work_once()
    dictionary.failing = True
    case.edit(said, "It will be there on Tuesday")
    case.rest()
    last = case.world.told_customer()[-1]
    assert last.text == "It will be there on Tuesday"
    assert "original" not in last.meta, "nothing is left of what was never sent"


def test_a_model_that_hangs_keeps_no_message_of_staff(case: GermanCase, dictionary: Dictionary) -> None:
    case.press(StaffAction.CLAIM)
    dictionary.hanging = True
    case.write("It will be there on Monday")
    case.rest()
    assert case.heard() == ["It will be there on Monday"]


class Patient:
    """Implements Summarizer: says nothing before a translation was begun."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self.waited_in_vain = False

    async def summarize(self, said: Sequence[Message], language: str) -> Mapping[str, Point]:
        """See Summarizer."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._dictionary.asked.wait()
        except TimeoutError:
            self.waited_in_vain = True
        return {}


def test_a_new_case_is_summed_up_and_translated_at_once(template: Path, dictionary: Dictionary) -> None:
    patient = Patient(dictionary)
    world = DeskWorld(template, briefing=Briefing(patient))
    world.turn._desk = TranslatedDesk(world.turn._desk, dictionary, world.store, "en")
    try:
        case = GermanCase(world)
        assert not patient.waited_in_vain
        assert case.posts("said")[0].text == "I want a person"
    finally:
        world.close()


def test_the_customer_who_is_told_something_waits_for_no_translation(template: Path, dictionary: Dictionary) -> None:
    """A model that hangs would keep it back for an hour."""
    dictionary.hanging = True
    world = DeskWorld(template)
    desk = world.turn._desk
    world.turn._desk = TranslatedDesk(desk, dictionary, world.store, "en", seconds=3600.0, told_within=0.05)
    try:
        case = GermanCase(world)
        assert case.posts("said")[0].text == "Ich möchte einen Menschen"
        assert any("TKT-" in text for _, text in world.sent_texts())
    finally:
        world.close()


class Counted:
    """What is read of a conversation to know its customer's language."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.times = 0

    async def messages(self, conversation_id: str, *, after: int = 0, limit: int = 100) -> Sequence[Message]:
        """See LastWords."""
        self.times += 1
        return await self._store.messages(conversation_id, after=after, limit=limit)


def test_a_turn_of_staff_reads_the_customers_words_once(template: Path, dictionary: Dictionary) -> None:
    world = DeskWorld(template)
    counted, desk = Counted(world.store), world.turn._desk
    assert isinstance(desk, SlackDesk)
    words = LastWords(counted)
    desk._parts = replace(desk._parts, written=written_language, words=words)
    world.turn._desk = TranslatedDesk(desk, dictionary, world.store, "en", words)
    try:
        case = GermanCase(world)
        case.press(StaffAction.CLAIM)
        case.says("Wo ist mein Paket AB-12?")
        case.rest()
        before = counted.times
        case.write("It will be there on Monday")
        case.rest()
        assert case.heard() == ["Es kommt am Montag"]
        assert counted.times == before + 1
    finally:
        world.close()
