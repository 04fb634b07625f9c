"""What was not answered, as it is read, sorted into clusters and closed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, exists, false, select, update

from core.domain.gaps import Gap, Leader, Nearest, StaffAnswer, Taught, Why
from core.domain.learning import LearningState
from core.domain.messages import Author
from core.storage import codec
from core.storage.among import among
from core.storage.database import OnDatabase, grouped, reads, writes
from core.storage.desk_tables import desk_case, gap, gap_cluster, learned_answer, ticket
from core.storage.tables import lease, message

_SORTING = "sorting of gaps"
_PUT = update(gap).where(gap.c.message_id == bindparam("of")).values(cluster_id=bindparam("into"))
_DELETED = exists().where(message.c.id == gap.c.message_id, message.c.deleted_at.is_not(None))


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
        return [_leader(row) for row in connection.execute(statement)]

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
                desk_case.c.conversation_id,
                desk_case.c.id,
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
    return Gap(
        message_id=row.message_id,
        conversation_id=row.conversation_id,
        channel=row.channel,
        asked=row.asked,
        looked_up=row.looked_up,
        whys=tuple(one for one in reasons if one is not None),
        asked_at=codec.when(row.created_at),
        language=row.language,
        nearest=tuple(Nearest(*one) for one in json.loads(row.nearest)) if row.nearest else (),
        cluster_id=row.cluster_id,
    )


def _leader(row: Row[Any]) -> Leader:
    closed = codec.when(row.closed_at) if row.closed_at is not None else None
    return Leader(row.id, row.question, closed, row.answer)


def _staff_answer(row: Row[Any]) -> StaffAnswer:
    return StaffAnswer(
        case=row.number or row.id,
        resolved=bool(row.resolved),
        proposed=row.state == LearningState.PROPOSED,
        learned=row.state == LearningState.APPROVED,
    )
