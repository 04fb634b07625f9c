"""Documentation is tested: what is not written down, or no longer true, fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.reference.pages import page_paths, page_text
from tests.architecture.sources import read, tracked
from tests.servers.programs import ROOT

_LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_MAKE = re.compile(r"\bmake ([a-z]+)\b(?=[`\s]|$)")
_TARGET = re.compile(r"^([a-z]+):.*## ", re.MULTILINE)
_MARKDOWN = [path for path in tracked() if path.suffix == ".md"]
_PROSE = [
    path for path in _MARKDOWN if path.parts[0] in ("README.md", "CONTRIBUTING.md", "docs") and "soak" not in path.parts
]


@pytest.mark.parametrize("path", page_paths(), ids=lambda path: path.name)
def test_the_reference_is_fresh(path: Path) -> None:
    assert path.exists(), f"{path.name} is missing: run make docs"
    assert path.read_text(encoding="utf-8") == page_text(path), f"{path.name} is stale: run make docs"


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", _MARKDOWN, ids=str)
def test_links_lead_somewhere(path: Path) -> None:
    for groups in _LINK.findall(_FENCE.sub("", read(path))):
        target = next(filter(None, groups))
        if target.startswith(("http://", "https://", "mailto:", "attachment:")):
            continue
        file, _, anchor = target.partition("#")
        found = (ROOT / path.parent / file).resolve() if file else ROOT / path
        assert found.exists(), f"{path} links to {target}, which is not there"
        if anchor and found.suffix == ".md":
            assert anchor in _anchors(found), f"{path} links to {target}: no such heading"


@pytest.mark.parametrize("path", _PROSE, ids=str)
def test_every_make_command_that_is_mentioned_exists(path: Path) -> None:
    targets = set(_TARGET.findall(read(Path("Makefile"))))
    assert {name for name in _MAKE.findall("\n".join(_code(read(path)))) if name not in targets} == set()


def _code(text: str) -> list[str]:
    return [*re.findall(r"`([^`\n]+)`", text), *_FENCE.findall(text)]


def test_the_readme_shows_the_two_commands() -> None:
    text = read(Path("README.md"))
    assert "make run" in text
    assert "make test" in text


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "reference").glob("*-compared.md")), ids=lambda path: path.name
)
def test_the_readme_leads_to_every_comparison(path: Path) -> None:
    assert f"]({path.relative_to(ROOT).as_posix()})" in read(Path("README.md"))


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in tracked() if path.parts[:2] == ("docs", "adr"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_example_environment_holds_values_that_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself, beside what it needs; and each switch of a channel is in it."""
    from config.channels import CREDENTIALS
    from config.settings import Settings
    from config.sound_settings import sound_settings

    lines = re.findall(r"^#([A-Z][A-Z0-9_]+)=(.*)$", read(Path(".env.example")), re.MULTILINE)
    assert set(CREDENTIALS.values()) <= {name for name, _ in lines}
    monkeypatch.chdir(tmp_path)
    azure = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_DEPLOYMENT": "d"}
    mail = {one: value for one, value in lines if one in ("EMAIL_ADDRESS", "EMAIL_IMAP_URL", "EMAIL_SMTP_URL")}
    for name, value in lines:
        if not value or name.lower() not in Settings.model_fields:
            continue
        beside = azure if name.startswith("AZURE") else mail if name == "STAFF_EMAIL" else {}
        (tmp_path / ".env").write_text("".join(f"{one}={this}\n" for one, this in {**beside, name: value}.items()))
        assert sound_settings()[1] == [], name
