"""Models that were made ready are shared by all data folders, wherever that can be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from config.knowledge import models_folder as module
from config.knowledge.models_folder import models_folder
from config.settings import Settings, read_settings


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Of a data folder that is not there yet, in an environment that may be written."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("EMBEDDING_CACHE", raising=False)
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "venv" / "models")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    return read_settings()


def _refuse(monkeypatch: pytest.MonkeyPatch, *places: Path) -> None:
    """As for another user, or on a system that is mounted read-only; root could write everywhere."""
    for place in places:
        place.mkdir()
    writable = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) not in places and writable(path, mode))


def test_in_a_virtual_environment_they_are_in_it(settings: Settings, tmp_path: Path) -> None:
    assert models_folder(settings) == tmp_path / "venv" / "models"


def test_without_one_in_the_users_cache(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert models_folder(settings) == tmp_path / "cache" / "switchboard" / "models"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which its specification says to ignore
    assert models_folder(settings) == tmp_path / ".cache" / "switchboard" / "models"


def test_an_installation_that_is_only_read_keeps_them_for_the_user(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse(monkeypatch, tmp_path / "venv")
    assert models_folder(settings) == tmp_path / "cache" / "switchboard" / "models"


def test_where_nothing_else_can_be_written_they_are_in_the_data_folder(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse(monkeypatch, tmp_path / "venv", tmp_path / "cache")
    assert models_folder(settings) == tmp_path / "var" / "models"


def test_a_data_folder_goes_on_with_what_an_earlier_version_kept_in_it(settings: Settings) -> None:
    own = settings.data_dir / "models"
    own.mkdir(parents=True)
    assert models_folder(settings) == own


def test_what_is_set_comes_first(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings.data_dir / "models").mkdir(parents=True)
    monkeypatch.setenv("EMBEDDING_CACHE", str(tmp_path / "named"))
    assert models_folder(read_settings()) == tmp_path / "named"
