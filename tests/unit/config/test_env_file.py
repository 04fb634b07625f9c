"""Our ``.env``: whatever a value holds comes back, also through Compose; whatever else is written stays."""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from config.env_file import faults_of_env_file, lines_without_effect, read_env_file, update_env_file, with_values
from config.env_syntax import parse_env
from config.settings import read_settings
from core.domain.errors import ConfigError
from tests.servers.compose_env import compose_env
from tests.servers.programs import ROOT

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30)
SIGNS = st.text("\\'\"$# a=\n", max_size=12)
FILES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *(
                    "A=",
                    "B =",
                    "export C=",
                    "\nA=",
                    "\r\nB:",
                    "=",
                    ":",
                    "export",
                    "#",
                    " # ",
                    "\t#",
                    "${A}",
                    "$A",
                    "$$",
                ),
                *(
                    "'",
                    '"',
                    "\\",
                    "\\'",
                    '\\"',
                    "\\\\",
                    "\\$",
                    "\\n",
                    "\\0044",
                    "\n",
                    "\r\n",
                    "\r",
                    " ",
                    "\t",
                    "x",
                    "é",
                ),
                *("\ufeff", "\u2003", "\xa0", "\x85", "\x1c", "\x00", "\v"),
            ]
        ),
        st.text(max_size=3),
    ),
    max_size=14,
).map("".join)


def values_in(text: str) -> dict[str, str]:
    return {one.name: one.value for one in parse_env(text) if one.name is not None}


@given(WORDS | SIGNS, WORDS | SIGNS)
def test_every_value_comes_back_to_the_hub_and_to_compose(first: str, second: str) -> None:
    text = with_values("# kept\nOTHER=x y # said\nA=old\n", {"A": first, "B": second})
    assert values_in(text) == compose_env(text) == {"OTHER": "x y", "A": first, "B": second}
    assert [one.fault for one in parse_env(text) if one.fault] == []
    assert text.startswith("# kept\nOTHER=x y # said\nA=")


@given(WORDS.map(str.strip).filter(lambda value: not ("\\" in value and set(value) & set("'$# "))))
def test_python_dotenv_reads_the_same(value: str) -> None:
    assert dotenv_values(stream=io.StringIO(with_values("", {"A": value})), interpolate=False) == {"A": value}


@given(FILES)
def test_a_file_without_faults_gives_the_hub_and_compose_the_same(text: str) -> None:
    statements = list(parse_env(text))
    assert "".join(one.text for one in statements) == text
    if not any(one.fault for one in statements):
        assert values_in(text) == compose_env(text)


@pytest.mark.parametrize("value", ["a$b", "a$HOME", "a # b", "it's", 'say "hi"', "back\\slash", "end\\", " ", "a\\\\b"])
def test_signs_with_a_meaning_have_none(value: str) -> None:
    text = with_values("", {"A": value})
    assert values_in(text) == compose_env(text) == {"A": value}
    assert dotenv_values(stream=io.StringIO(text), interpolate=False) == {"A": value}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("'${OTHER}'", "${OTHER}"),
        ("'$OTHER'", "$OTHER"),
        ('"\\${OTHER}"', "${OTHER}"),
        ("'a\\\\b'", "a\\\\b"),
        ("'it\\'s'", "it's"),
        ('"two\\nlines"', "two\nlines"),
        ("  plain words  # said", "plain words"),
        ("a#b", "a#b"),
        ("'quoted' # said", "quoted"),
        ("'Muster & Söhne'", "Muster & Söhne"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_settings_are_read_as_compose_reads_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, name: str, end: str
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"\ufeffOTHER=replaced\r\nCOMPANY_NAME=first\nexport COMPANY_NAME = {written}{end}"
    Path(".env").write_bytes(text.encode())
    assert read_settings().company_name == compose_env(text)["COMPANY_NAME"] == name


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("A=${B}", "Compose"),
        ("A=$B", "Compose"),
        ('A="a$5"', "Compose"),
        ("A= # later", "Compose"),
        ("A=x\t# later", "Compose"),
        ('A="\\0044"', "Compose"),
        ("A", "sets nothing"),
        ("A B=x", "sets nothing"),
        ("A='x' y", "sets nothing"),
        ("A='x", "sets nothing"),
        ("A/B=x", "sets nothing"),
        ("A=x\0y", "control character"),
        ("A='\x1b[31mred'", "control character"),
        ("A=\x9b31m", "control character"),
    ],
)
def test_what_compose_reads_differently_and_what_sets_nothing_is_told(tmp_path: Path, line: str, fault: str) -> None:
    (tmp_path / ".env").write_text(f"# fine\nC=1\n{line}\nD=2\n")
    (found,) = faults_of_env_file(tmp_path / ".env")
    assert found.line == 3
    assert fault in (found.fault or "")
    assert read_env_file(tmp_path / ".env").items() >= {"C": "1", "D": "2"}.items()


def test_a_link_stays_a_link_and_the_file_is_for_its_owner(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / "real").chmod(0o644)
    (tmp_path / ".env").symlink_to("real")
    update_env_file(tmp_path / ".env", {"A": "2"})
    assert (tmp_path / ".env").is_symlink()
    assert (tmp_path / "real").read_text() == "A=2\n"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o600


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfA=1\r\nB=2\r\n# end")
    update_env_file(tmp_path / ".env", {"B": "3", "C": "4"})
    assert (tmp_path / ".env").read_bytes() == b"A=1\r\nB=3\n# end\nC=4\n"


@pytest.mark.parametrize("made", ["folder", "loop", "binary", "large"])
def test_what_is_no_file_of_settings_is_named(tmp_path: Path, made: str) -> None:
    path = tmp_path / ".env"
    {
        "folder": path.mkdir,
        "loop": lambda: path.symlink_to(path),
        "binary": lambda: path.write_bytes(b"A=\xff"),
        "large": lambda: path.write_text("A=" + "x" * 1_100_000),
    }[made]()
    with pytest.raises(ConfigError, match=r"\.env"):
        read_env_file(path)


def test_a_file_that_is_another_accounts_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    (tmp_path / ".env").chmod(0)
    if os.access(tmp_path / ".env", os.R_OK):  # root reads everything
        monkeypatch.setattr("config.env_file.Path.open", _denied)
    with pytest.raises(ConfigError, match=r"\.env cannot be read: Permission denied"):
        read_env_file(tmp_path / ".env")


def _denied(*_given: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ("A=", " ", "x"),
        ("", "A='", ""),
        ("A=x", " #", ""),
        ("", "\\", ""),
        ("", "A='x' y\n", ""),
        ("A='", "\\'", ""),
        ("A", "\xa0", "B"),
        ("", "\n\t", "="),
        ("", "export ", "="),
        ('A="', "\\\\$", '"'),
    ],
)
def test_the_time_to_read_a_file_grows_no_faster_than_the_file(before: str, part: str, after: str) -> None:
    """A quarter of the largest file that is read; what grows with the square takes ``TIMES`` times as long again."""
    assert growth_of(lambda size: f"{before}{part * (size // len(part))}{after}") < MOST


TIMES = 32
MOST = 200.0
"""A quadratic reader takes 1,024 times as long; a linear one 32 times, and up to five times that where caches run over."""
_QUADRATIC = re.compile(r"A=[^\n]*?[ ]+x")


def test_a_reader_that_is_not_linear_would_be_found() -> None:
    assert growth_of(lambda size: f"A={' ' * (size // 32)}", _QUADRATIC.fullmatch) >= MOST


def growth_of(text_of: Callable[[int], str], read: Callable[[str], object] | None = None) -> float:
    """How often longer a file takes than one that is ``TIMES`` times smaller."""
    small, large = (
        min(_seconds(read or _read, text_of(size)) for _ in range(3)) for size in (250_000 // TIMES, 250_000)
    )
    return large / small


def _seconds(read: Callable[[str], object], text: str) -> float:
    begun = time.thread_time()
    read(text)
    return time.thread_time() - begun


def _read(text: str) -> None:
    assert sum(len(one.text) for one in parse_env(text)) == len(text)


def test_the_guide_says_how_values_are_read() -> None:
    page = (ROOT / "docs/howto/install.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.*COMPANY_NAME=.*)` \| `(.*)` \|$", page, re.MULTILINE)
    assert len(rows) >= 5
    for line, value in rows:
        assert values_in(line) == compose_env(line) == {"COMPANY_NAME": value}
        assert [one.fault for one in parse_env(line)] == [None]


def test_of_lines_that_set_one_name_the_last_wins_in_whatever_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("PORT=1\n# said\nport=2\nCOMPANY_NAME='a\nb'\nPORT=3\nHOST=::1\n")
    assert read_settings().port == 3
    assert lines_without_effect(Path(".env")) == {"PORT": [1, 3, 6]}


def test_a_disk_without_room_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("A=1\n")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("config.env_file.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        update_env_file(tmp_path / ".env", {"A": "2"})
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {".env": "A=1\n"}
    assert read_env_file(tmp_path / ".env") == {"A": "1"}
