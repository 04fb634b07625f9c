"""``switchboard doctor sandbox`` says what a confined child really reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import confinement_checks
from config.confinement_checks import check_confinement
from config.settings import Settings
from core.confined.measures import ALL, Measure
from core.confined.runner import ConfinedRunner

_WITHOUT = {
    "files of DATA_DIR": {Measure.LANDLOCK, Measure.UID},
    "files of this machine": {Measure.LANDLOCK},
    "the hub's environment": {Measure.LANDLOCK, Measure.UID},
    "sockets": {Measure.SECCOMP},
    "programs": {Measure.LANDLOCK, Measure.SECCOMP},
}


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def _let_in(folder: Path, mode: int) -> None:
    folder.chmod(mode)


@pytest.mark.parametrize("missing", _WITHOUT)
async def test_what_is_not_in_force_is_reached_and_told(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures = ALL - _WITHOUT[missing]
    monkeypatch.setattr(
        confinement_checks, "ConfinedRunner", lambda preload: ConfinedRunner(preload, measures=measures)
    )
    found = {each.check: each for each in await check_confinement(Settings(data_dir=tmp_path))}
    assert not found[missing].ok
    assert "can be" in found[missing].detail
    assert found[missing].fix


async def test_what_is_in_force_is_out_of_reach(tmp_path: Path) -> None:
    _let_in(tmp_path, 0o755)
    found = {each.check: each for each in await check_confinement(Settings(data_dir=tmp_path))}
    in_force = set(found["in force"].detail.split(", "))
    for check, measures in _WITHOUT.items():
        assert found[check].ok is bool(measures & in_force), check
    assert not found["DATA_DIR"].ok
    _let_in(tmp_path, 0o700)
    assert {each.check: each.ok for each in await check_confinement(Settings(data_dir=tmp_path))}["DATA_DIR"]
    assert _names(tmp_path) == []
