"""Documents that were indexed by hand are a company's own too: the sample's name does not stand over them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from config.knowledge.sample_company import without_sample_company
from config.settings import read_settings
from knowledge.index.database import ManifestDatabase, open_database
from knowledge.index.manifest_file import manifest_file
from knowledge.index.order import Origin
from knowledge.index.runs import RunLog
from knowledge.index.tables import documents
from knowledge.open import SAMPLE


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ManifestDatabase:
    """The manifest of a hub that has run once and holds nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    database = open_database(manifest_file(tmp_path / "chroma"), None)
    with RunLog(database, "model", lambda: 1_800_000_000.0).run():
        pass
    return database


def hold(database: ManifestDatabase, root: str) -> None:
    """One document of the root is in the index."""
    row = {"fingerprint": "model", "id": root, "digest": "d", "stamp": "", "chunks": 1, "problems": ""}
    row |= {"source": "a.md", "root": root, "origin": Origin.NAMED.value}
    database.write(lambda connection: connection.execute(insert(documents).values(**row)))


def test_before_the_first_run_the_sample_is_what_is_answered_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert without_sample_company(read_settings()).company_name == "Tidepool"


def test_the_name_stays_with_the_sample(database: ManifestDatabase) -> None:
    hold(database, str(SAMPLE))
    assert without_sample_company(read_settings()).company_name == "Tidepool"


def test_the_name_goes_with_the_sample(database: ManifestDatabase) -> None:
    hold(database, "/srv/docs")
    assert without_sample_company(read_settings()).company_name == ""


def test_a_name_that_was_chosen_stays(database: ManifestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(database, "/srv/docs")
    monkeypatch.setenv("COMPANY_NAME", "Tidepool")
    assert without_sample_company(read_settings()).company_name == "Tidepool"
