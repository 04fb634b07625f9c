"""What was not answered: kept in the commit that tells it (of a turn, a thumb, the rating of a case), read and sorted.

Each message of a customer's is kept once, with every reason that speaks for it; a reason that is taken back takes the row with
it where it was the only one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, exists, false, select, update

from core.domain.case import Case
from core.domain.gaps import ASKED_META, NEAREST, Gap, Leader, Nearest, StaffAnswer, Taught, Unanswered, Why, masked
from core.domain.learning import LearningState
from core.domain.messages import Author, MessageKind
from core.domain.thumbs import Rating
from core.ports.outcomes import CaseRecord, KeepRating
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database, OnDatabase, grouped, reads, writes
from core.storage.desk_tables import desk_case, gap, gap_cluster, learned_answer, ticket
from core.storage.tables import conversation, lease, message

_SORTING = "sorting of gaps"
_PUT = update(gap).where(gap.c.message_id == bindparam("of")).values(cluster_id=bindparam("into"))
_DELETED = exists().where(message.c.id == gap.c.message_id, message.c.deleted_at.is_not(None))

BAD_SCORE = 2
_BURST = 20
"""Messages of a customer's that one answer may be about."""
_LOOKED_BACK = 20
_ANSWERS = (
    select(message, conversation.c.channel)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(message.c.author == Author.AGENT, message.c.kind.in_([MessageKind.ANSWER, MessageKind.UNKNOWN]))
)
_ANSWERS_NAMED = _ANSWERS.where(among(message.c.id, "ids"))
_THUMB = update(gap).where(gap.c.message_id == bindparam("of")).values(thumb_down=bindparam("down"))
_BAD_CASE = update(gap).where(gap.c.message_id == bindparam("of")).values(case_id=bindparam("rated"))
_NO_REASON = gap.c.why.is_(None), ~gap.c.thumb_down, gap.c.case_id.is_(None)


def _kept() -> Select[Any]:
    return select(gap).where(~_DELETED).order_by(gap.c.created_at, gap.c.message_id)


class SqlGaps(OnDatabase):
    """Implements core.ports.gaps.Gaps."""

    @reads
    def gaps(self, connection: Connection) -> Sequence[Gap]:
        return [_gap(row) for row in connection.execute(_kept())]

    @reads
    def unsorted_gaps(self, connection: Connection, limit: int) -> Sequence[Gap]:
        statement = _kept().where(gap.c.cluster_id.is_(None)).limit(limit)
        return [_gap(row) for row in connection.execute(statement)]

    @reads
    def gap_leaders(self, connection: Connection) -> Sequence[Leader]:
        statement = select(gap_cluster).order_by(gap_cluster.c.created_at, gap_cluster.c.id)
        return [
            Leader(row.id, row.question, codec.when_given(row.closed_at), row.answer)
            for row in connection.execute(statement)
        ]

    @writes
    def sort_gaps(
        self, connection: Connection, places: Mapping[str, str], new: Sequence[Leader], known: Collection[str]
    ) -> bool:
        now = self.database.timestamp()
        self._one_at_a_time(connection)
        if set(connection.scalars(select(gap_cluster.c.id))) != set(known) or not _are_kept(connection, new):
            return False
        self._put(connection, places, new, now)
        return True

    @writes
    def close_gaps(self, connection: Connection, leader: Leader, members: Sequence[str], answer: str) -> bool:
        now = self.database.timestamp()
        said = {"closed_at": now, **({"answer": codec.clean(answer)} if answer.strip() else {})}
        self._one_at_a_time(connection)
        self._put(connection, {}, [leader] if _are_kept(connection, [leader]) else [], now)
        closed = connection.execute(update(gap_cluster).where(gap_cluster.c.id == leader.id).values(said)).rowcount > 0
        self._put(connection, dict.fromkeys(members if closed else (), leader.id), [], now)
        return closed

    @reads
    def staff_answers(
        self, connection: Connection, conversations: Collection[str]
    ) -> Mapping[str, Sequence[StaffAnswer]]:
        wrote = exists().where(
            message.c.conversation_id == desk_case.c.conversation_id,
            message.c.author == Author.STAFF,
            message.c.created_at >= desk_case.c.opened_at,
            message.c.created_at <= desk_case.c.closed_at,
        )
        statement = (
            select(
                *desk_case.c["conversation_id", "id"],
                ticket.c.number,
                learned_answer.c.state,
                (desk_case.c.closed_at.is_not(None) & wrote).label("resolved"),
            )
            .outerjoin(ticket, ticket.c.case_id == desk_case.c.id)
            .outerjoin(learned_answer, learned_answer.c.case_id == desk_case.c.id)
            .where(among(desk_case.c.conversation_id, "ids"))
            .order_by(desk_case.c.opened_at)
        )
        rows = connection.execute(statement, {"ids": sorted(conversations)})
        return {home: [_staff_answer(row) for row in own] for home, own in grouped(rows, "conversation_id").items()}

    @reads
    def taught(self, connection: Connection) -> Sequence[Taught]:
        lesson = learned_answer.c
        statement = (
            select(
                lesson.question, lesson.case_id.label("id"), lesson.state, ticket.c.number, false().label("resolved")
            )
            .outerjoin(ticket, ticket.c.case_id == lesson.case_id)
            .where(lesson.state.in_((LearningState.PROPOSED, LearningState.APPROVED)))
            .order_by(lesson.created_at, lesson.case_id)
        )
        return [Taught(row.question, _staff_answer(row)) for row in connection.execute(statement)]

    def _one_at_a_time(self, connection: Connection) -> None:
        """Two processes that sort at once would each make a cluster of the same question."""
        row = {"name": _SORTING, "holder": "", "until": 0.0}
        connection.execute(self.database.insert_new(lease), row)
        connection.execute(select(lease.c.name).where(lease.c.name == _SORTING).with_for_update())

    def _put(self, connection: Connection, places: Mapping[str, str], new: Sequence[Leader], now: float) -> None:
        for one in new:
            row = {"id": one.id, "question": codec.clean(one.question), "created_at": now}
            connection.execute(self.database.insert_new(gap_cluster), row)
        if places:
            free = _PUT.where(gap.c.cluster_id.is_(None))
            connection.execute(free, [{"of": of, "into": into} for of, into in sorted(places.items())])


def _are_kept(connection: Connection, leaders: Sequence[Leader]) -> bool:
    """Whether these questions still exist. Locked, none is erased before the commit: erasing clears its cluster afterwards."""
    statement = select(gap.c.message_id).where(among(gap.c.message_id, "ids")).order_by(gap.c.message_id)
    ids = sorted({one.id for one in leaders})
    return len(connection.scalars(statement.with_for_update(), {"ids": ids}).all()) == len(ids)


def _gap(row: Row[Any]) -> Gap:
    reasons = (
        (Why(row.why) if row.why else None),
        (Why.THUMB_DOWN if row.thumb_down else None),
        (Why.RATED_BADLY if row.case_id else None),
    )
    return codec.from_row(
        Gap,
        row,
        whys=tuple(one for one in reasons if one is not None),
        asked_at=codec.when(row.created_at),
        nearest=tuple(Nearest(*one) for one in json.loads(row.nearest)) if row.nearest else (),
    )


def _staff_answer(row: Row[Any]) -> StaffAnswer:
    return StaffAnswer(
        case=row.number or row.id,
        resolved=bool(row.resolved),
        proposed=row.state == LearningState.PROPOSED,
        learned=row.state == LearningState.APPROVED,
    )


def gap_row(home: str, channel: str, found: Unanswered, now: float) -> dict[str, Any]:
    """What was not answered in the conversation ``home``. ``why`` is kept of turns; ratings are kept beside it."""
    return {
        "message_id": found.message_id,
        "conversation_id": home,
        "channel": channel,
        "language": found.language,
        "asked": _readable(found.asked),
        "looked_up": _readable(found.looked_up),
        "why": str(found.why) if found.why in (Why.NOT_FOUND, Why.WITHHELD) else None,
        "thumb_down": False,
        "nearest": _listed(found.nearest),
        "created_at": now,
    }


def keep_gaps(connection: Connection, database: Database, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write them; the same message again changes nothing."""
    if rows:
        connection.execute(database.insert_new(gap), list(rows))


def keep_thumbs(
    connection: Connection, database: Database, now: float, ratings: Mapping[str, Rating | str | None]
) -> None:
    """``ratings``: what the thumb on each of these answers says now, by its id; None where there is none any more."""
    if not ratings:
        return
    answers = sorted(connection.execute(_ANSWERS_NAMED, {"ids": sorted(ratings)}), key=lambda row: str(row.id))
    bad = [one for one in answers if ratings[one.id] == "down"]
    keep_gaps(connection, database, [row for one in bad if (row := _of_answer(connection, one, now)) is not None])
    marks = [{"of": of, "down": ratings[one.id] == "down"} for one in answers if (of := _question(one))]
    if marks:
        connection.execute(_THUMB, marks)
        _forget(connection, [str(mark["of"]) for mark in marks if not mark["down"]])


def keep_bad_ratings(connection: Connection, database: Database, records: Sequence[CaseRecord], now: float) -> None:
    """A case that was rated badly speaks for the last question that the agent answered before it. The last rating counts."""
    for record in records:
        if not isinstance(record, KeepRating):
            continue
        before = list(connection.scalars(select(gap.c.message_id).where(gap.c.case_id == record.case_id)))
        connection.execute(update(gap).where(gap.c.case_id == record.case_id).values(case_id=None))
        if record.score <= BAD_SCORE:
            _keep_bad(connection, database, record.case_id, now)
        _forget(connection, before)


def _keep_bad(connection: Connection, database: Database, case_id: str, now: float) -> None:
    opened = connection.scalar(select(desk_case.c.opened_at).where(desk_case.c.id == case_id))
    home = Case.home(case_id)
    latest = opened if opened is not None else now
    kept = connection.execute(
        select(gap.c.message_id, message.c.seq)
        .join(message, message.c.id == gap.c.message_id)
        .where(gap.c.conversation_id == home, message.c.created_at <= latest)
        .order_by(message.c.seq.desc())
        .limit(1)
    ).first()
    answered = _last_answered(connection, home, latest)
    if answered is not None and (kept is None or answered[1] > kept.seq):
        row = _of_answer(connection, answered[0], now)
        keep_gaps(connection, database, [row] if row is not None else [])
        of = _question(answered[0])
    else:
        of = kept.message_id if kept is not None else None
    if of is not None:
        connection.execute(_BAD_CASE, {"of": of, "rated": case_id})


def _last_answered(connection: Connection, home: str, latest: float) -> tuple[Row[Any], int] | None:
    """The answer to the last question that was asked until then, with that question's place."""
    last = _ANSWERS.where(message.c.conversation_id == home).order_by(message.c.seq.desc()).limit(_LOOKED_BACK)
    answers = connection.execute(last).all()
    ids = {"ids": [of for one in answers if (of := _question(one))]}
    asked = select(message.c.id, message.c.seq, message.c.created_at).where(among(message.c.id, "ids"))
    places = {row.id: row.seq for row in connection.execute(asked, ids) if row.created_at <= latest}
    return next(((one, places[of]) for one in answers if (of := _question(one)) in places), None)


def _of_answer(connection: Connection, answer: Row[Any], now: float) -> dict[str, Any] | None:
    """The question of an answer; None where it is not known, or has no words."""
    meta = codec.load(answer.meta)
    message_id, upto = _question(answer), meta.get("handled_seq")
    if message_id is None or not isinstance(upto, int):
        return None
    asked = _asked(connection, answer.conversation_id, upto)
    if not asked:
        return None
    noted = meta.get(ASKED_META)
    noted = noted if isinstance(noted, dict) else {}
    cited = tuple(Nearest(one.title, one.score, one.url) for one in codec.load_citations(answer.citations))
    looked_up = str(noted.get("looked_up") or asked)
    found = Unanswered(message_id, asked, looked_up, Why.THUMB_DOWN, noted.get("language"), cited)
    return gap_row(answer.conversation_id, answer.channel, found, now)


def _asked(connection: Connection, home: str, upto: int) -> str:
    """What the customer wrote in one go."""
    statement = (
        select(message.c.author, message.c.text, message.c.deleted_at)
        .where(message.c.conversation_id == home, message.c.seq <= upto)
        .order_by(message.c.seq.desc())
        .limit(_BURST)
    )
    said: list[str] = []
    for row in connection.execute(statement):
        if row.author != Author.CUSTOMER:
            break
        if row.deleted_at is None and row.text:
            said.append(row.text)
    return "\n".join(reversed(said))


def _question(answer: Row[Any]) -> str | None:
    """The id of the message that it answers."""
    found = codec.load(answer.meta).get("in_reply_to")
    return found if isinstance(found, str) else None


def _forget(connection: Connection, messages: Sequence[str]) -> None:
    if messages:
        connection.execute(delete(gap).where(among(gap.c.message_id, "ids"), *_NO_REASON), {"ids": list(messages)})


def _readable(text: str) -> str:
    return masked(codec.clean(text))


def _listed(nearest: Sequence[Nearest]) -> str | None:
    """The best of each document."""
    best: dict[str, Nearest] = {}
    for one in sorted(nearest, key=lambda each: -each.score):
        best.setdefault(one.url or one.title, one)
    return codec.dump([[one.title, round(one.score, 4), one.url] for one in list(best.values())[:NEAREST]])
