"""Keeps what was not answered, in the commit that tells it: of a turn, of a thumb, of the rating of a case.

Each message of a customer's is kept once, with every reason that speaks for it; a reason that is taken back takes the row with
it where it was the only one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from core.domain.case import Case
from core.domain.gaps import ASKED_META, NEAREST, Nearest, Unanswered, masked
from core.domain.messages import Author, MessageKind
from core.domain.thumbs import Rating
from core.ports.outcomes import CaseRecord, KeepRating
from core.storage import codec
from core.storage.among import among
from core.storage.database import Database
from core.storage.desk_tables import desk_case, gap
from core.storage.tables import conversation, message

BAD_SCORE = 2
_BURST = 20
"""Messages of a customer's that one answer may be about."""
_LOOKED_BACK = 20

_ANSWER = message.c.author == Author.AGENT, message.c.kind.in_([MessageKind.ANSWER, MessageKind.UNKNOWN])
_ANSWERS = (
    select(message, conversation.c.channel)
    .join(conversation, conversation.c.id == message.c.conversation_id)
    .where(among(message.c.id, "ids"), *_ANSWER)
)
_THUMB = update(gap).where(gap.c.message_id == bindparam("of")).values(thumb_down=bindparam("down"))
_BAD_CASE = update(gap).where(gap.c.message_id == bindparam("of")).values(case_id=bindparam("rated"))
_NO_REASON = gap.c.why.is_(None), ~gap.c.thumb_down, gap.c.case_id.is_(None)


def gap_row(home: Row[Any], found: Unanswered, now: float) -> dict[str, Any]:
    """What a turn could not answer, in its conversation."""
    return {
        "message_id": found.message_id,
        "conversation_id": home.id,
        "channel": home.channel,
        "language": found.language,
        "asked": _readable(found.asked),
        "looked_up": _readable(found.looked_up),
        "why": str(found.why),
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
    answers = sorted(connection.execute(_ANSWERS, {"ids": sorted(ratings)}), key=lambda row: str(row.id))
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
    statement = (
        select(message, conversation.c.channel)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .where(message.c.conversation_id == home, *_ANSWER)
        .order_by(message.c.seq.desc())
        .limit(_LOOKED_BACK)
    )
    answers = connection.execute(statement).all()
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
    cited = [Nearest(one.title, one.score, one.url) for one in codec.load_citations(answer.citations)]
    return {
        "message_id": message_id,
        "conversation_id": answer.conversation_id,
        "channel": answer.channel,
        "language": noted.get("language"),
        "asked": _readable(asked),
        "looked_up": _readable(str(noted.get("looked_up") or asked)),
        "why": None,
        "thumb_down": False,
        "nearest": _listed(cited),
        "created_at": now,
    }


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
