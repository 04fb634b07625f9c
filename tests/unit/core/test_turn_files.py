"""What is said in a recording is among a customer's words for the agent, and for people it is marked as heard."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core.agent.files import readable
from core.agent.prompting import question_message
from core.agent.routing import Intent, route
from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.conversation import OwnershipState
from core.domain.heard import told, words_heard
from core.domain.messages import Author, Message
from core.ports.store import TurnState
from core.turn_files import TurnFiles, with_files
from handoff.posts import late_file_posts
from handoff.tickets import _in_their_words
from tests.contract.responders.world import message, text_file, turn_of

VOICE = Attachment("f1", "voice.ogg", "audio/ogg", 9, "0" * 64, "k", ExtractionStatus.READY, "How do I pay?")
MUTE = replace(VOICE, id="f2", name="mute.ogg", extraction=ExtractionStatus.FAILED, text=None)
FILM = replace(VOICE, id="f3", name="film.mp4", media_type="video/mp4", text="Look at this.")


async def _heard(*files: Attachment, text: str = "") -> TurnState:
    return await TurnFiles().all(turn_of(message(text, attachments=files), files=files))


async def test_a_voice_note_is_what_the_customer_asks() -> None:
    turn = await _heard(VOICE)
    assert turn.pending[0].text == "How do I pay?"
    assert route(turn).intent == Intent.QUESTION


async def test_words_that_were_written_stand_before_what_was_said() -> None:
    turn = await _heard(MUTE, VOICE, FILM, text="Hello")
    assert turn.pending[0].text == "Hello\nHow do I pay?\nLook at this."


async def test_a_wish_for_a_person_may_be_spoken() -> None:
    turn = await _heard(replace(VOICE, text="I want to talk to a person, please."))
    assert route(turn).intent == Intent.PERSON


async def test_a_greeting_may_be_spoken() -> None:
    assert route(await _heard(replace(VOICE, text="Hello!"))).intent == Intent.SMALL_TALK


async def test_a_recording_that_could_not_be_heard_is_named_and_not_answered() -> None:
    assert route(await _heard(MUTE)).files == (MUTE,)
    assert route(await _heard(MUTE, VOICE)).intent == Intent.QUESTION


async def test_what_was_said_earlier_is_remembered() -> None:
    turn = await TurnFiles().all(turn_of("And by card?", history=[message("", attachments=[VOICE])]))
    assert turn.history[0].text == "How do I pay?"


async def test_only_customers_speak_in_recordings() -> None:
    staff = replace(message("", attachments=[VOICE]), author=Author.STAFF)
    assert words_heard(staff) == ()
    assert words_heard(replace(message("", attachments=[VOICE]), deleted_at=staff.created_at)) == ()


def test_people_read_what_was_heard_with_a_mark() -> None:
    assert told(message("See here", attachments=[VOICE])) == "See here\n🎤 “How do I pay?”"
    assert told(message("", attachments=[MUTE])) == ""


def test_a_recording_is_no_document_to_quote_from() -> None:
    invoice = text_file("Total: 42.50 EUR")
    assert readable([VOICE, invoice]) == (invoice,)


async def test_the_model_is_told_that_the_words_were_heard() -> None:
    asked = question_message((await _heard(VOICE)).pending, 500).content
    assert asked.startswith("How do I pay?")
    assert "voice.ogg (its words stand above, as a machine heard them)" in asked


def test_files_are_renewed_in_all_messages_of_a_turn() -> None:
    before = replace(VOICE, extraction=ExtractionStatus.PENDING, text=None)
    turn = turn_of(message("", attachments=[before]), history=[message("", attachments=[before])], files=[before])
    turn = with_files(turn, [VOICE])
    assert turn.files == turn.pending[0].attachments == turn.history[0].attachments == (VOICE,)


async def test_what_was_said_is_read_as_what_was_written_and_once() -> None:
    turn = turn_of(message("Hello", attachments=[VOICE]), history=[message("", attachments=[VOICE])])
    read = turn.as_read().as_read()
    assert (read.pending[0].text, read.history[0].text) == ("Hello\nHow do I pay?", "How do I pay?")


@pytest.mark.parametrize(
    ("state", "heard"),
    [
        (OwnershipState.BOT, True),
        (OwnershipState.RESOLVED, True),
        (OwnershipState.QUEUED, True),
        (OwnershipState.STAFF, False),
    ],
)
async def test_recordings_are_heard_before_it_is_decided_who_answers(state: OwnershipState, heard: bool) -> None:
    turn = _waiting(message("", attachments=[_PENDING]), state)
    turn = await TurnFiles(_bring).recordings(turn)
    assert (turn.as_read().pending[0].text == "How do I pay?") is heard


async def test_other_files_are_not_waited_for_before_that() -> None:
    invoice = replace(text_file("Total"), extraction=ExtractionStatus.PENDING)
    turn = _waiting(message("", attachments=[invoice]), OwnershipState.BOT)
    assert await TurnFiles(_never).recordings(turn) is turn


@pytest.mark.parametrize(
    ("text", "state"), [("I want to talk to a person", OwnershipState.BOT), ("", OwnershipState.QUEUED)]
)
async def test_a_recording_that_does_not_come_keeps_nobody_from_a_person(text: str, state: OwnershipState) -> None:
    turn = _waiting(message(text, attachments=[_PENDING]), state)
    assert await TurnFiles(_never, seconds=0.01).recordings(turn) is turn


async def test_words_that_were_not_heard_in_time_are_owed_to_staff() -> None:
    said = message("", attachments=[_PENDING])
    written = replace(message("Hello", attachments=[VOICE]), id="other")
    turn = replace(_waiting(said, OwnershipState.STAFF), pending=(said, written))
    _, owed = await TurnFiles(_never, seconds=0.01).in_time(turn)
    assert owed == (said.id,)


def test_staff_get_the_words_that_are_owed_and_a_file_that_they_have_not_twice() -> None:
    (post,) = late_file_posts(message("", attachments=[VOICE]))
    assert "How do I pay?" in post.text
    fetched = replace(message("", attachments=[VOICE]), meta={"attachment_refs": [{"id": "1", "name": "voice.ogg"}]})
    assert len(late_file_posts(fetched)) == 2


def test_a_case_is_named_by_what_was_said() -> None:
    assert _in_their_words(turn_of(message("", attachments=[VOICE]))) == "How do I pay?"


_PENDING = replace(VOICE, extraction=ExtractionStatus.PENDING, text=None)


def _waiting(said: Message, state: OwnershipState) -> TurnState:
    turn = turn_of(said, files=said.attachments)
    return replace(turn, conversation=replace(turn.conversation, state=state))


async def _bring(state: TurnState) -> TurnState:
    return with_files(state, [VOICE])


async def _never(state: TurnState) -> TurnState:
    return await asyncio.Future()
