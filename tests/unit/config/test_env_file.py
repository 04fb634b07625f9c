"""Our ``.env``: whatever a value holds comes back, also through Compose; whatever else is written stays."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from config.env_file import read_env_file, update_env_file, with_values

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30).map(str.strip)


@given(WORDS, WORDS)
def test_every_value_comes_back(first: str, second: str) -> None:
    text = with_values("# kept\nOTHER=x y # said\nA=old\n", {"A": first, "B": second})
    found = dotenv_values(stream=io.StringIO(text), interpolate=False)
    assert found == {"OTHER": "x y", "A": first, "B": second}
    assert text.startswith("# kept\nOTHER=x y # said\nA=")


@pytest.mark.parametrize("value", ["a$b", "a$HOME", "a # b", "it's", 'say "hi"', "back\\slash", "end\\", " "])
def test_signs_with_a_meaning_have_none(value: str) -> None:
    text = with_values("", {"A": value})
    assert dotenv_values(stream=io.StringIO(text)) == {"A": value}


def test_a_link_stays_a_link_and_the_file_is_for_its_owner(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / "real").chmod(0o644)
    (tmp_path / ".env").symlink_to("real")
    update_env_file(tmp_path / ".env", {"A": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600


def test_a_disk_without_room_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("A=1\n")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("config.env_file.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        update_env_file(tmp_path / ".env", {"A": "2"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {".env": "A=1\n"}
    assert read_env_file(tmp_path / ".env") == {"A": "1"}
