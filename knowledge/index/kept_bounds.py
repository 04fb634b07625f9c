"""What was measured of the knowledge base, for all processes that search it, and for the next start."""

from __future__ import annotations

import logging

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from knowledge.index.database import ManifestDatabase
from knowledge.index.tables import bounds

_log = logging.getLogger("switchboard.knowledge")


class KeptBounds:
    """Blocking. ``key``: what they were measured by, the model included. Implements knowledge.calibrate.calibrator.Keeper."""

    def __init__(self, database: ManifestDatabase) -> None:
        self._database = database

    def read(self, key: str) -> str | None:
        """What was measured last."""
        query = select(bounds.c.measured).where(bounds.c.key == key)
        return self._database.read(lambda connection: connection.execute(query).scalar_one_or_none())

    def write(self, key: str, measured: str) -> None:
        """In the place of what was there. On a disk that is full it is measured again at the next start, and nothing worse."""

        def work(connection: Connection) -> None:
            kind = sqlite if connection.dialect.name == "sqlite" else postgresql
            new = kind.insert(bounds).values(key=key, measured=measured)
            connection.execute(new.on_conflict_do_update(index_elements=[bounds.c.key], set_={"measured": measured}))

        try:
            self._database.write(work)
        except SQLAlchemyError as error:
            _log.warning("the threshold of the knowledge base cannot be kept: %s", error)

    def drop_others(self, key: str) -> None:
        """Removes those of models and labels that are no longer used."""
        self._database.write(lambda connection: connection.execute(delete(bounds).where(bounds.c.key != key)))
