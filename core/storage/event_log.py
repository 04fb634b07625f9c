"""What web customers see, in order: cursors are given under the conversation's row lock, so order is commit order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, Executable, Integer, bindparam, delete, exists, insert, select, update

from core.domain.errors import InvalidInput, LostClaim, Superseded
from core.group_commit import GroupCommit
from core.ports.event_log import LogFrame, LoggedFrame
from core.ports.store import Claim
from core.storage import codec
from core.storage.among import among, past
from core.storage.attachments import load_files
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.tables import conversation, feedback, message, widget_event

log = structlog.get_logger(__name__)

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class _Append:
    """Frames for one conversation; with ``epoch`` they are provisional and must still be fenced by it (see Claim)."""

    conversation_id: str
    frames: Sequence[LogFrame]
    epoch: int | None = None
    answers_to: int | None = None


class SqlEventLog(OnDatabase):
    """The event log on a database; appends of many conversations share their commits."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        columns = widget_event.c
        self._past = _FRAMES.where(past(columns.conversation_id, columns.cursor, "places", sqlite=database.is_sqlite))
        self._appends: GroupCommit[_Append, Sequence[int]] = GroupCommit(self._append_batch)

    async def append_provisional(self, claim: Claim, frames: Sequence[LogFrame]) -> Sequence[int]:
        return await self._appends.submit(_Append(claim.conversation_id, frames, claim.epoch, claim.answers_to))

    async def append(self, conversation_id: str, frames: Sequence[LogFrame]) -> Sequence[int]:
        return await self._appends.submit(_Append(conversation_id, frames))

    @writes
    def _append_batch(self, connection: Connection, items: Sequence[_Append]) -> Sequence[Sequence[int] | Exception]:
        heads = _lock_heads(connection, items)
        known = _known(connection, items)
        rows: list[dict[str, Any]] = []
        results: list[Sequence[int] | Exception] = []
        for item in items:
            head = heads.get(item.conversation_id)
            if head is None:
                results.append(InvalidInput(f"There is no conversation {item.conversation_id}."))
            elif item.epoch is not None and not (head.leased and head.epoch == item.epoch):
                results.append(LostClaim("Another worker or a person has the conversation now."))
            elif item.answers_to is not None and head.last_seq > item.answers_to:
                results.append(Superseded("The customer wrote, edited or deleted something before anything was shown."))
            else:
                results.append([self._place(rows, known, head, item, frame) for frame in item.frames])
        restarted = [{"key": head.id, "before": head.epoch} for head in heads.values() if head.moved and head.restarted]
        if restarted:
            connection.execute(_FORGET_EARLIER, restarted)
        add_frames(connection, rows)
        if rows:
            move_cursors(connection, {head.id: head.cursor for head in heads.values() if head.moved})
        return results

    def _place(
        self, rows: list[dict[str, Any]], known: dict[tuple[str, str], int], head: Any, item: _Append, frame: LogFrame
    ) -> int:
        if frame.dedupe is not None and (head.id, frame.dedupe) in known:
            return known[head.id, frame.dedupe]
        head.cursor += 1
        head.moved = True
        rows.append(frame_row(head.id, head.cursor, frame, self.database.timestamp(), item.epoch))
        if frame.dedupe is not None:
            known[head.id, frame.dedupe] = head.cursor
        return int(head.cursor)

    @reads
    def find(self, connection: Connection, conversation_id: str, dedupe: str) -> int | None:
        columns = widget_event.c
        statement = select(columns.cursor).where(columns.conversation_id == conversation_id, columns.dedupe == dedupe)
        return connection.scalar(statement)

    @reads
    def read(
        self, connection: Connection, after: Mapping[str, int], limit: int = 500
    ) -> Mapping[str, Sequence[LoggedFrame]]:
        wanted = sorted(after.items())
        frames: dict[str, Sequence[LoggedFrame]] = {}
        for start in range(0, len(wanted), _CHUNK):
            frames.update(self._read(connection, dict(wanted[start : start + _CHUNK]), limit))
        return frames

    def _read(self, connection: Connection, after: Mapping[str, int], limit: int) -> dict[str, list[LoggedFrame]]:
        pages: dict[str, list[_Read]] = {}
        most = limit * len(after)
        rows = _frames(connection, self._past, {"places": after, "most": most})
        for one in rows:
            pages.setdefault(one.conversation_id, []).append(one)
        starved: dict[str, int] = {}
        if len(rows) == most and len(after) > 1:  # one long log has used up what was meant for all of them
            last = rows[-1].conversation_id
            if len(pages[last]) < limit:
                del pages[last]
            starved = {key: cursor for key, cursor in after.items() if key not in pages}
        frames = {key: _readable(page[:limit]) for key, page in pages.items()}
        for key, page in pages.items():
            missing = limit - len(frames[key])
            if missing and len(page) >= limit:  # a page that is not full is the last one, so this one is filled up
                frames[key] += self._read(connection, {key: page[limit - 1].cursor}, missing).get(key, [])
        return {**frames, **self._read(connection, starved, limit)} if starved else frames

    @reads
    def history(self, connection: Connection, conversation_id: str, *, after: int, limit: int) -> Sequence[LoggedFrame]:
        found: list[LoggedFrame] = []
        while missing := limit - len(found):
            page = _frames(connection, _SAID, {"conversation": conversation_id, "after": after, "most": missing})
            found += _readable(page)
            if len(page) < missing:
                break
            after = page[-1].cursor
        return found

    async def head(self, conversation_id: str) -> int:
        return (await self.heads([conversation_id])).get(conversation_id, 0)

    @reads
    def heads(self, connection: Connection, conversation_ids: Sequence[str]) -> Mapping[str, int]:
        return read_cursors(connection, conversation_ids)


_CURSORS = select(conversation.c.id, conversation.c.event_cursor).where(among(conversation.c.id, "ids"))
_HEADS = (
    select(
        *conversation.c["id", "epoch", "last_seq"],
        conversation.c.event_cursor.label("cursor"),
        conversation.c.lease_until.is_not(None).label("leased"),
        exists()
        .where(
            widget_event.c.conversation_id == conversation.c.id,
            widget_event.c.provisional,
            widget_event.c.epoch < conversation.c.epoch,
        )
        .label("restarted"),
    )
    .where(among(conversation.c.id, "ids"))
    .order_by(conversation.c.id)
    .with_for_update()
)
_LOGGED = select(widget_event.c.conversation_id, widget_event.c.dedupe, widget_event.c.cursor).where(
    among(widget_event.c.conversation_id, "ids"), among(widget_event.c.dedupe, "keys")
)
_FORGET_TURN = delete(widget_event).where(
    widget_event.c.provisional,
    widget_event.c.conversation_id == bindparam("key"),
    widget_event.c.turn_id == bindparam("turn"),
)
_FORGET_EARLIER = delete(widget_event).where(
    widget_event.c.provisional,
    widget_event.c.conversation_id == bindparam("key"),
    widget_event.c.epoch < bindparam("before"),
)
_FRAMES = (
    select(
        widget_event.c.conversation_id.label("log_conversation_id"),
        widget_event.c.cursor,
        widget_event.c.kind.label("frame_kind"),
        widget_event.c.turn_id.label("frame_turn_id"),
        widget_event.c.body,
        *message.c,
        feedback.c.rating,
    )
    .outerjoin(message, message.c.id == widget_event.c.message_id)
    .outerjoin(feedback, feedback.c.message_id == widget_event.c.message_id)
    .order_by(widget_event.c.conversation_id, widget_event.c.cursor)
    .limit(bindparam("most", type_=Integer))
)
_SAID = _FRAMES.where(
    widget_event.c.conversation_id == bindparam("conversation"),
    widget_event.c.cursor > bindparam("after"),
    widget_event.c.message_id.is_not(None),
)
_ADD_FRAME = insert(widget_event)
_MOVE_CURSOR = (
    update(conversation).where(conversation.c.id == bindparam("key")).values(event_cursor=bindparam("new_cursor"))
)


def read_cursors(connection: Connection, conversation_ids: Sequence[str]) -> dict[str, int]:
    """The newest cursor of each log."""
    return {row.id: row.event_cursor for row in connection.execute(_CURSORS, {"ids": conversation_ids})}


def move_cursors(connection: Connection, cursors: Mapping[str, int]) -> None:
    """Under the conversations' locks."""
    connection.execute(_MOVE_CURSOR, [{"key": key, "new_cursor": cursor} for key, cursor in cursors.items()])


def _lock_heads(connection: Connection, items: Sequence[_Append]) -> dict[str, Any]:
    rows = connection.execute(_HEADS, {"ids": sorted({item.conversation_id for item in items})})
    return {row.id: SimpleNamespace(**row._asdict(), moved=False) for row in rows}


def _known(connection: Connection, items: Sequence[_Append]) -> dict[tuple[str, str], int]:
    keys = [frame.dedupe for item in items for frame in item.frames if frame.dedupe is not None]
    if not keys:
        return {}
    rows = connection.execute(_LOGGED, {"ids": sorted({item.conversation_id for item in items}), "keys": keys})
    return {(row.conversation_id, row.dedupe): row.cursor for row in rows}


@dataclass(frozen=True, slots=True)
class Said:
    """A message that a commit writes and logs, under the lock of its conversation, whose cursor the caller moves.

    ``after``: the newest cursor before; ``row``: of the message.
    """

    after: int
    frames: Sequence[LogFrame]
    row: Mapping[str, Any]

    @property
    def logged(self) -> list[LoggedFrame]:
        """The frames as they will be read."""
        written = codec.message_written(self.row)
        return [
            LoggedFrame(cursor, one.kind, one.body, one.turn_id, written if one.message_id else None)
            for cursor, one in self._placed()
        ]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """To be written by ``add_frames``."""
        home, now = self.row["conversation_id"], self.row["created_at"]
        return [frame_row(home, cursor, one, now) for cursor, one in self._placed()]

    def _placed(self) -> Iterable[tuple[int, LogFrame]]:
        return enumerate(self.frames, start=self.after + 1)


def add_frames(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write these frames, and delete the provisional ones that end with the message or the withdrawal of their turn."""
    if rows:
        if ended := _ended_turns(rows):
            connection.execute(_FORGET_TURN, [{"key": key, "turn": turn} for key, turn in sorted(ended)])
        connection.execute(_ADD_FRAME, _lasting(rows))


def frame_row(
    conversation_id: str, cursor: int, frame: LogFrame, now: float, epoch: int | None = None
) -> dict[str, Any]:
    """A frame as it is stored; with an epoch it is provisional."""
    return {
        "conversation_id": conversation_id,
        "cursor": cursor,
        "kind": frame.kind,
        "turn_id": frame.turn_id,
        "epoch": epoch,
        "message_id": frame.message_id,
        "dedupe": frame.dedupe,
        "provisional": epoch is not None,
        "body": codec.dump(dict(frame.body)),
        "created_at": now,
    }


def _lasting(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without provisional frames that something later in the same commit replaces or withdraws."""
    ended: set[tuple[str, str]] = set()
    kept = []
    for row in reversed(rows):
        if row["provisional"] and (row["conversation_id"], row["turn_id"]) in ended:
            continue
        kept.append(row)
        ended |= _ended_turns([row])
    return kept[::-1]


def _ended_turns(rows: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    """Turns, by conversation, whose message or withdrawal is among these frames."""
    return {
        (row["conversation_id"], row["turn_id"])
        for row in rows
        if row["turn_id"] and (not row["provisional"] or row["kind"] == "discard")
    }


@dataclass(frozen=True, slots=True)
class _Read:
    """A row of the log; without a frame when it cannot be read."""

    conversation_id: str
    cursor: int
    frame: LoggedFrame | None


def _readable(page: Sequence[_Read]) -> list[LoggedFrame]:
    return [one.frame for one in page if one.frame is not None]


def _frames(connection: Connection, statement: Executable, wanted: Mapping[str, Any]) -> list[_Read]:
    rows = connection.execute(statement, wanted).all()
    files = load_files(connection, [row.id for row in rows if row.id is not None])
    return [_Read(row.log_conversation_id, row.cursor, _tried(row, files.get(row.id, ()))) for row in rows]


def _tried(row: Any, files: Sequence[Any]) -> LoggedFrame | None:
    """A frame that cannot be read (written by a newer version?) is left out: all who watch are served by the same read."""
    try:
        return LoggedFrame(
            cursor=row.cursor,
            kind=row.frame_kind,
            body=codec.load(row.body),
            turn_id=row.frame_turn_id,
            message=codec.message_from(row, files) if row.id is not None else None,
            feedback=row.rating,
        )
    except codec.UNREADABLE as error:
        log.error(
            "frame.unreadable", conversation=row.log_conversation_id, cursor=row.cursor, error=type(error).__name__
        )
        return None


def withdraw_all(connection: Connection, conversation_id: str, now: float) -> None:
    """Whatever is provisional in a conversation, under its row lock, which the caller holds."""
    _withdraw(connection, widget_event.c.conversation_id == conversation_id, now)


def withdraw_messages(connection: Connection, message_ids: Sequence[str], now: float) -> frozenset[str]:
    """What was shown of these messages' turns, under the row locks of their conversations, which the caller holds.

    Returns the conversations in which there was anything.
    """
    if not message_ids:
        return frozenset()
    turns = select(message.c.turn_id).where(message.c.id.in_(message_ids), message.c.turn_id.is_not(None))
    homes = select(message.c.conversation_id).where(message.c.id.in_(message_ids))
    columns = widget_event.c
    return _withdraw(connection, columns.conversation_id.in_(homes) & columns.turn_id.in_(turns), now)


def _withdraw(connection: Connection, which: ColumnElement[bool], now: float) -> frozenset[str]:
    columns = widget_event.c
    shown = columns.provisional & (columns.kind != "discard") & columns.turn_id.is_not(None) & which
    turns = connection.execute(
        select(columns.conversation_id, columns.turn_id)
        .where(shown)
        .distinct()
        .order_by(columns.conversation_id, columns.turn_id)
    ).all()
    if not turns:
        return frozenset()
    connection.execute(delete(widget_event).where(shown))
    cursors = read_cursors(connection, sorted({turn.conversation_id for turn in turns}))
    rows = []
    for key, turn_id in turns:
        cursors[key] += 1
        rows.append(frame_row(key, cursors[key], LogFrame("discard", turn_id=turn_id), now))
    connection.execute(insert(widget_event), rows)
    move_cursors(connection, cursors)
    return frozenset(cursors)
