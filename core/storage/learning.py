"""Answers that staff gave, proposed for the knowledge base, and what staff decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from core.domain.case import Case
from core.domain.learning import LearnedAnswer, LearningState
from core.ports.outcomes import CaseRecord, JudgeAnswer, ProposeAnswer
from core.storage import codec
from core.storage.database import Database, OnDatabase, reads, writes
from core.storage.desk_tables import learned_answer

_CHANGED = ("question", "answer", "origin", "state", "created_at")


def keep_learning(connection: Connection, database: Database, records: Sequence[CaseRecord], now: float) -> None:
    """Write what was decided; the same decision again changes nothing.

    What was approved stays: a proposal may have been put into words for seconds while somebody approved the one before it.
    """
    for record in records:
        if isinstance(record, ProposeAnswer):
            row = {
                "case_id": record.case_id,
                "conversation_id": Case.home(record.case_id),
                "question": codec.clean(record.question),
                "answer": codec.clean(record.answer),
                "origin": codec.clean(record.origin),
                "state": LearningState.PROPOSED,
                "created_at": now,
            }
            connection.execute(database.insert_new(learned_answer), row)
            open_ = learned_answer.c.case_id == record.case_id, learned_answer.c.state != LearningState.APPROVED
            connection.execute(update(learned_answer).where(*open_).values({name: row[name] for name in _CHANGED}))
        elif isinstance(record, JudgeAnswer):
            proposed = learned_answer.c.case_id == record.case_id, learned_answer.c.state == LearningState.PROPOSED
            connection.execute(update(learned_answer).where(*proposed).values(**_judged(record), decided_at=now))


def _judged(record: JudgeAnswer) -> dict[str, Any]:
    state = LearningState.APPROVED if record.approved else LearningState.DISCARDED
    words = {name: value for name, value in (("question", record.question), ("answer", record.answer)) if value}
    return {"state": state, "decided_by": codec.clean(record.by)} | {
        name: codec.clean(one) for name, one in words.items()
    }


class SqlLearning(OnDatabase):
    """Implements core.ports.learning.Learning."""

    @reads
    def learned(self, connection: Connection, case_id: str) -> LearnedAnswer | None:
        row = connection.execute(select(learned_answer).where(learned_answer.c.case_id == case_id)).first()
        return None if row is None else _answer(row)

    @reads
    def learned_answers(self, connection: Connection) -> Sequence[LearnedAnswer]:
        statement = (
            select(learned_answer)
            .where(learned_answer.c.state == LearningState.APPROVED)
            .order_by(learned_answer.c.decided_at, learned_answer.c.case_id)
        )
        return [_answer(row) for row in connection.execute(statement)]

    @reads
    def approved_mark(self, connection: Connection) -> str:
        """See Learning.approved_mark. Of two that change places the times are not the same."""
        times = learned_answer.c.decided_at
        statement = select(func.count(), func.max(times), func.sum(times)).where(
            learned_answer.c.state == LearningState.APPROVED
        )
        return "/".join(map(str, connection.execute(statement).one()))

    @writes
    def withdraw_answer(self, connection: Connection, case_id: str, by: str) -> bool:
        known = learned_answer.c.case_id == case_id, learned_answer.c.state == LearningState.APPROVED
        now = self.database.timestamp()
        values = {"state": LearningState.WITHDRAWN, "decided_by": codec.clean(by), "decided_at": now}
        statement = update(learned_answer).where(*known).values(values)
        return connection.execute(statement).rowcount > 0


def _answer(row: Row[Any]) -> LearnedAnswer:
    return codec.from_row(
        LearnedAnswer,
        row,
        state=LearningState(row.state),
        proposed_at=codec.when(row.created_at),
        decided_at=codec.when_given(row.decided_at),
    )
