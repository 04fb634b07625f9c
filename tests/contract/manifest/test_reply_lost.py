"""A connection that is cut after its COMMIT and before the reply: the work is done again, and has been done already."""

from __future__ import annotations

from knowledge.index.database import ManifestDatabase, Result, Work
from knowledge.index.generations import compact
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.manifest.conftest import OpenDatabase
from tests.integration.knowledge.index_bench import Bench

pytestmark = BOTH_DATABASES


class ReplyLost:
    """Implements ManifestDatabase. Every write is committed and then done again, as PostgresManifest does after such a cut."""

    def __init__(self, database: ManifestDatabase) -> None:
        self._database = database

    def read(self, work: Work[Result]) -> Result:
        return self._database.read(work)

    def write(self, work: Work[Result]) -> Result:
        self._database.write(work)
        return self._database.write(work)

    def close(self) -> None:
        self._database.close()


def test_vectors_that_have_moved_stay_where_they_are(bench: Bench, open_manifest: OpenDatabase) -> None:
    bench.run()
    (bench.folder / "a.md").write_text("# a\n\nOther a.")
    bench.run()
    other = Bench(bench.folder, bench.directory, bench.client, ReplyLost(open_manifest()))

    assert compact(bench.client, other.index().manifest, few=0)
    other.index().tidy()

    assert bench.collections() == {bench.collection()}
    assert (bench.reader().lost, len(bench.found("anything", 20))) == (0, 5)
