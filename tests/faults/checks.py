"""Judges what customers saw and what the database holds: nothing lost, nothing doubled, nothing out of order."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from core.clock import SystemClock
from core.storage.database import Database
from core.storage.tables import conversation, inbound_event, message, outbox, widget_event
from tests.faults.customer import Record
from tests.faults.scripted import numbers_in
from tests.patience import PATIENCE


def check_view(record: Record) -> list[str]:
    """What is wrong from one customer's side of the wire; empty when nothing is."""
    wrong = list(record.violations)
    expected = list(range(1, record.total + 1))
    wrong += [
        f"message {number} was acknowledged as {record.acks.get(number)}"
        for number in expected
        if len(record.acks.get(number, ())) != 1
    ]
    frames = [record.frames[cursor] for cursor in sorted(record.frames)]
    said = [frame for frame in frames if frame["type"] in ("message", "complete")]
    ids = Counter(frame["id"] for frame in said)
    wrong += [f"message {key} was shown {count} times" for key, count in ids.items() if count > 1]
    own = [frame for frame in said if frame["author"] == "customer"]
    if [int(frame["client_id"][1:]) for frame in own] != expected:
        wrong.append(f"own messages in the order {[frame['client_id'] for frame in own]}")
    wrong += [
        f"{frame['client_id']} is {frame['id']} and was acknowledged as another"
        for frame in own
        if record.acks.get(int(frame["client_id"][1:])) != {frame["id"]}
    ]
    answers = [number for frame in said if frame["author"] != "customer" for number in numbers_in(frame["content"])]
    if answers != expected:
        wrong.append(f"answered in the order {answers}")
    wrong += _check_replies(said, record)
    wrong += _check_provisional(frames)
    if [(one["id"], one["content"]) for one in record.history] != [(one["id"], one["content"]) for one in said]:
        wrong.append(f"the history has {len(record.history)} messages, {len(said)} were seen live")
    return wrong


def _check_replies(said: Sequence[dict[str, Any]], record: Record) -> list[str]:
    wrong = []
    for frame in said:
        if frame["author"] == "customer":
            continue
        numbers = numbers_in(frame["content"])
        if not numbers:
            wrong.append(f"this answers nothing: {frame}")
        elif {frame["in_reply_to"]} != record.acks.get(numbers[-1]):
            wrong.append(f"{frame['content']!r} replies to {frame['in_reply_to']}")
    return wrong


def _check_provisional(frames: Sequence[dict[str, Any]]) -> list[str]:
    """Never two voices: nothing of a turn is shown after its answer, nothing of an epoch after a later one."""
    wrong: list[str] = []
    ended: set[str] = set()
    epochs: dict[str, int] = {}
    for frame in frames:
        turn = frame.get("turn_id")
        if frame["type"] == "complete" and turn:
            ended.add(turn)
        elif frame["type"] == "text" and turn:
            if turn in ended:
                wrong.append(f"shown after its answer: {frame}")
            if frame["epoch"] < epochs.get(turn, 0):
                wrong.append(f"shown after a later epoch: {frame}")
            epochs[turn] = frame["epoch"]
    return wrong


@dataclass
class Stored:
    """Everything of the message path, as the database holds it."""

    conversations: list[Any]
    messages: list[Any]
    events: list[Any]
    outbox: list[Any]
    frames: list[Any]

    @property
    def open_deliveries(self) -> int:
        """Rows that are not sent yet."""
        return sum(row.status in ("due", "sending") for row in self.outbox)


def _load(connection: Connection) -> Stored:
    ordered = select(message).order_by(message.c.conversation_id, message.c.seq)
    return Stored(
        list(connection.execute(select(conversation))),
        list(connection.execute(ordered)),
        list(connection.execute(select(inbound_event))),
        list(connection.execute(select(outbox))),
        list(connection.execute(select(widget_event))),
    )


async def read_settled(url: str, *, within: float = PATIENCE) -> Stored:
    """The database once nothing is on its way any more, or as it is after ``within`` seconds."""
    database = Database(url, SystemClock(), server_clock=False)
    database.open()
    try:
        until = time.monotonic() + within
        while True:
            stored = await database.read(_load)
            pending = any(row.done_seq < row.last_seq for row in stored.conversations)
            if (not stored.open_deliveries and not pending) or time.monotonic() > until:
                return stored
            await asyncio.sleep(0.1)
    finally:
        await database.close()


def check_store(stored: Stored, customers: int, each: int) -> list[str]:
    """What is wrong in the database; empty when nothing is."""
    return check_conversations(stored, customers, each) + _check_outbox(stored) + _check_log(stored)


def check_conversations(stored: Stored, customers: int, each: int) -> list[str]:
    """What is wrong with what was written and answered, whatever became of the answers."""
    wrong: list[str] = []
    if len(stored.conversations) != customers:
        wrong.append(f"{len(stored.conversations)} conversations of {customers} customers")
    received = [row for row in stored.messages if row.author == "customer"]
    if len(received) != customers * each or len(stored.events) != customers * each:
        wrong.append(f"{len(received)} messages and {len(stored.events)} events of {customers * each} sent")
    by_conversation: dict[str, list[Any]] = {row.id: [] for row in stored.conversations}
    for row in stored.messages:
        by_conversation[row.conversation_id].append(row)
    for row in stored.conversations:
        wrong += _check_conversation(row, by_conversation[row.id])
    return wrong


def _check_conversation(row: Any, messages: Sequence[Any]) -> list[str]:
    wrong = []
    if [one.seq for one in messages] != list(range(1, row.last_seq + 1)):
        wrong.append(f"{row.id}: gaps in {[one.seq for one in messages]}")
    if row.done_seq != row.last_seq:
        wrong.append(f"{row.id}: done up to {row.done_seq} of {row.last_seq}")
    handled = [json.loads(one.meta)["handled_seq"] for one in messages if one.author != "customer"]
    if sorted(set(handled)) != handled:
        wrong.append(f"{row.id}: answered up to {handled}")
    customer = [one.seq for one in messages if one.author == "customer"]
    if not handled or handled[-1] != customer[-1]:
        wrong.append(f"{row.id}: answered up to {handled[-1:]}, written up to {customer[-1:]}")
    return wrong


def _check_outbox(stored: Stored) -> list[str]:
    wrong = [f"delivery {row.id} is {row.status}: {row.last_error}" for row in stored.outbox if row.status != "sent"]
    wrong += [f"delivery {row.id} may be doubled" for row in stored.outbox if row.possible_duplicate]
    replies = {row.id for row in stored.messages if row.author != "customer"}
    if sorted(row.message_id for row in stored.outbox) != sorted(replies):
        wrong.append(f"{len(stored.outbox)} deliveries of {len(replies)} replies")
    return wrong


def _check_log(stored: Stored) -> list[str]:
    wrong = [f"provisional frame left: {row}" for row in stored.frames if row.provisional]
    shown = Counter(row.message_id for row in stored.frames if row.message_id)
    if shown != Counter(row.id for row in stored.messages):
        wrong.append("not every message is in the log exactly once")
    newest = {row.id: row.event_cursor for row in stored.conversations}
    wrong += [
        f"cursor {row.cursor} is past the newest" for row in stored.frames if row.cursor > newest[row.conversation_id]
    ]
    return wrong
