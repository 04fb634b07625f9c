"""Sources are described by tables in switchboard.toml."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.knowledge import knowledge_parts
from config.settings import Settings, read_settings
from core.domain.errors import ConfigError
from core.domain.knowledge import KnowledgeAudience
from knowledge.open import SAMPLE
from knowledge.sources import Catalog, resolve


def _read(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Settings:
    (folder / "switchboard.toml").write_text(text)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("KNOWLEDGE_SOURCES", raising=False)
    return read_settings()


def test_tables_become_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _read(
        tmp_path,
        monkeypatch,
        """
        [[knowledge_source]]
        url = "https://help.example.com/"
        category = "Help"
        language = "de"
        schedule = "0 4 * * *"
        exclude = ["archive/**"]

        [[knowledge_source]]
        path = "handbook"
        audience = "staff"

        [[knowledge_source]]
        url = "https://github.com/acme/docs.git"
        branch = "main"
        folder = "guides"
        """,
    )

    site, folder, repository = knowledge_parts.knowledge_settings(settings).sources
    assert (site.its_kind, site.category, site.language, site.schedule) == ("site", "Help", "de", "0 4 * * *")
    assert not site.wants("archive/2020")
    assert (folder.its_kind, folder.audience) == ("files", KnowledgeAudience.STAFF)
    assert repository.its_kind == "git"
    roots = knowledge_parts.knowledge_sources(settings)
    assert roots == (
        "https://help.example.com/",
        str(tmp_path / "handbook"),
        "https://github.com/acme/docs.git@main#guides",
    )
    assert resolve(roots) == list(roots)
    assert str(SAMPLE) not in roots, "the sample gives way to a company's own"
    assert knowledge_parts.sample_stands_in(settings) is None


@pytest.mark.parametrize(
    "table",
    ['category = "Help"', 'url = "https://a.example"\npath = "b"', 'url = "https://a.example"\naudiense = "staff"',
     'url = "https://a.example"\naudience = "everybody"', 'url = "https://a.example"\ndepth = -1'],
)  # fmt: skip
def test_a_table_that_is_wrong_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str) -> None:
    with pytest.raises(ConfigError, match="KNOWLEDGE_SOURCE"):
        _read(tmp_path, monkeypatch, f"[[knowledge_source]]\n{table}\n")


@pytest.mark.parametrize("audience", ["", 'audience = "staff"'])
def test_closed_tickets_are_for_staff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, audience: str) -> None:
    settings = _read(tmp_path, monkeypatch, f'[[knowledge_source]]\nurl = "tickets://closed"\n{audience}')
    (tickets,) = knowledge_parts.knowledge_settings(settings).sources
    assert (tickets.its_kind, tickets.audience, tickets.remote) == ("tickets", KnowledgeAudience.STAFF, True)
    assert knowledge_parts.knowledge_sources(settings) == ("tickets://closed",)


@pytest.mark.parametrize(
    ("table", "why"),
    [('url = "tickets://closed"\naudience = "public"', "hold what customers wrote"),
     ('url = "tickets://open"', "one address"), ('url = "https://a.example"\nkind = "tickets"', "one address"),
     ('url = "tickets://closed"\nfolder = "billing"', "one address")],
)  # fmt: skip
def test_closed_tickets_cannot_be_opened_to_customers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        _read(tmp_path, monkeypatch, f"[[knowledge_source]]\n{table}\n")


def test_named_alone_they_are_for_staff_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "docs,tickets://closed")
    settings = read_settings()
    told = knowledge_parts.knowledge_settings(settings)
    assert knowledge_parts.knowledge_sources(settings)[1] == "tickets://closed"
    assert Catalog(told.sources, told.mirrors).options("tickets://closed").audience is KnowledgeAudience.STAFF
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "tickets://all")
    with pytest.raises(ConfigError, match="one address"):
        read_settings()


def test_a_path_is_of_the_folder_of_the_settings_wherever_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What reads the sources has a working folder of its own; there a handbook for staff would be nobody's."""
    text = """
        [[knowledge_source]]
        path = "handbook"
        audience = "staff"
        """
    settings = _read(tmp_path, monkeypatch, text)
    monkeypatch.setenv("DATA_DIR", "./var")
    told = knowledge_parts.knowledge_settings(read_settings())
    [handbook] = settings.knowledge_source
    options = handbook.to_options()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert options.root == options.address == str(tmp_path / "handbook")
    assert [one.root for one in told.sources] == [str(tmp_path / "handbook")]
    assert told.directory == tmp_path / "var" / "chroma"
