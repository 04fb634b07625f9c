"""How old the copy of each source was that was indexed last: copies are each machine's own, and the index may be everybody's."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, select

from core.domain.jobs import SKEW
from knowledge.index.database import ManifestDatabase
from knowledge.index.tables import fetches
from knowledge.sources import identity_of


class Fetches:
    """Blocking. Seconds since 1970 by the name of a source, for one model's index."""

    def __init__(self, database: ManifestDatabase, fingerprint: str) -> None:
        self._database = database
        self._fingerprint = fingerprint

    def newest(self, now: float) -> dict[str, float]:
        """By ``identity_of`` the root, since an address may hold a password. What a clock ahead has written is unknown."""
        ours = (fetches.c.fingerprint == self._fingerprint, fetches.c.fetched_at <= now + SKEW)
        query = select(fetches.c.source, fetches.c.fetched_at).where(*ours)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return {str(source): float(at) for source, at in rows}

    def note(self, indexed: Mapping[str, float], now: float) -> None:
        """These roots are in the index now as they were at these times. Writes nothing where that is known."""
        known = self.newest(now)
        new = {identity_of(root): at for root, at in indexed.items() if at <= now + SKEW}
        new = {source: at for source, at in new.items() if at > known.get(source, 0.0)}

        def work(connection: Connection) -> None:
            ours = fetches.c.fingerprint == self._fingerprint
            connection.execute(delete(fetches).where(ours, fetches.c.source.in_(list(new))))
            rows = [{"fingerprint": self._fingerprint, "source": name, "fetched_at": at} for name, at in new.items()]
            connection.execute(insert(fetches), rows)

        if new:
            self._database.write(work)
