"""How often providers may be called, counted across processes: one row per pace (generic cell rate algorithm)."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection, Double, Insert, Integer, bindparam, case, cast, or_

from core.domain.capabilities import Pace
from core.storage.database import Database
from core.storage.tables import rate_limit


def reserve(connection: Connection, database: Database, key: str, pace: Pace, want: int) -> tuple[int, float]:
    """See Outbox.reserve. One row holds when the next send is free."""
    given = {"pace_key": key, "want": want, "seconds": pace.seconds, "interval": pace.seconds / pace.messages}
    row = connection.execute(_reserve(database), {**given, "at_most": min(want, pace.messages)}).one()
    return (int(row.granted), 0.0) if row.granted else (0, max(0.001, float(row.full), float(row.paused)))


@lru_cache(maxsize=4)
def _reserve(database: Database) -> Insert:
    now, columns = database.now(), rate_limit.c
    seconds, interval = bindparam("seconds", type_=Double), bindparam("interval", type_=Double)
    want, at_most = bindparam("want", type_=Integer), bindparam("at_most", type_=Integer)
    start = case((columns.next_free_at > now, columns.next_free_at), else_=now)
    room = database.whole((now + seconds - start) / interval + 1e-6)
    granted = case((or_(room < 0, columns.paused_until > now), 0), (room < want, room), else_=want)
    statement = database.insert(rate_limit)
    fresh = {
        "key": bindparam("pace_key"),
        "next_free_at": now + cast(at_most, Double) * interval,
        "paused_until": 0.0,
        "granted": at_most,
    }
    return (
        statement.values(fresh)
        .on_conflict_do_update(
            index_elements=["key"], set_={"next_free_at": start + granted * interval, "granted": granted}
        )
        .returning(
            columns.granted,
            (columns.next_free_at - now - (seconds - interval)).label("full"),
            (columns.paused_until - now).label("paused"),
        )
    )
