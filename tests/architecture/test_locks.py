"""The locks hold exactly what pyproject.toml asks for, and nothing that ties them to one machine."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import PACKAGES, python_files, read, tracked
from tests.servers.programs import ROOT


def _locked(name: str) -> dict[str, set[str]]:
    versions: dict[str, set[str]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            continue  # a hash
        requirement = Requirement(line.removesuffix(" \\"))
        versions.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return versions


def _asked(extra: str | None = None) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [
        Requirement(text) for text in (project["optional-dependencies"][extra] if extra else project["dependencies"])
    ]


@pytest.mark.parametrize(("lock", "extra"), [("requirements.lock", None), ("requirements-dev.lock", "dev")])
def test_everything_asked_for_is_locked_at_a_version_that_fits(lock: str, extra: str | None) -> None:
    locked = _locked(lock)
    for requirement in _asked(extra):
        pins = locked.get(canonicalize_name(requirement.name))
        assert pins, f"{requirement} is not in {lock}: run make lock"
        for pin in pins:
            assert requirement.specifier.contains(pin.removeprefix("==")), f"{requirement} against {pin}: run make lock"


def test_the_developers_lock_adds_to_the_users_and_changes_nothing() -> None:
    run, dev = _locked("requirements.lock"), _locked("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run


def test_each_package_has_hashes_in_either_lock() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8"))
        assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []


@pytest.mark.parametrize("path", [path for path in tracked() if path.name == "package-lock.json"], ids=str)
def test_node_locks_hold_hashes(path: Path) -> None:
    packages = json.loads(read(path))["packages"]
    assert [name for name, one in packages.items() if name and not one.get("link") and "integrity" not in one] == []


@pytest.mark.parametrize(
    "wrong",
    ["torch==2.13.0+cpu", "--index-url https://somewhere", "pip @ file:///pip.whl", "pip==26.0", "pip==26.0 \\\n    x"],
)
def test_the_check_of_locks_can_fail(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "check-locks.sh").write_text(read(Path("scripts", "check-locks.sh")))
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    good = f"click==8.3.0 \\\n    --hash=sha256:{64 * '0'}\n"

    def code(lock: str) -> int:
        for name in ("requirements.lock", "requirements-dev.lock"):
            (tmp_path / name).write_text(lock)
        return subprocess.run(
            ["bash", "scripts/check-locks.sh"], cwd=tmp_path, capture_output=True, check=False
        ).returncode

    assert code(good) == 0
    assert code(f"{good}{wrong}\n") == 1


def test_locks_hold_names_versions_and_hashes_only() -> None:
    done = subprocess.run(["bash", "scripts/check-locks.sh"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [path for path in tracked() if path.name == "package.json"], ids=str)
def test_node_packages_are_pinned_exactly(path: object) -> None:
    package = json.loads((ROOT / str(path)).read_text(encoding="utf-8"))
    wanted = {**package.get("dependencies", {}), **package.get("devDependencies", {})}
    assert {name: version for name, version in wanted.items() if version[:1] in "^~*><"} == {}


def test_every_node_lock_leaves_out_download_addresses_by_setting() -> None:
    folders = {path.parent for path in tracked() if path.name == "package-lock.json"}
    assert folders
    for folder in folders:
        assert "omit-lockfile-registry-resolved=true" in read(folder / ".npmrc"), folder


_RIVALS = Path("bench", "beside", "programs")
"""Run in an environment of their own, which ``make bench ARGS=beside`` makes from the extra ``bench``."""


def test_what_we_are_compared_with_is_pinned_exactly() -> None:
    assert all(str(item.specifier).startswith("==") for item in _asked("bench"))


def _imported(*folders: str) -> set[str]:
    names: set[str] = set()
    for path in python_files(*folders):
        if path.is_relative_to(_RIVALS):
            continue
        for node in ast.walk(ast.parse(read(path))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {*PACKAGES, "tests", "bench", "scripts"}


@pytest.mark.parametrize(("folders", "extra"), [(PACKAGES, None), (("tests", "bench", "scripts"), "dev")])
def test_every_imported_package_is_asked_for(folders: tuple[str, ...], extra: str | None) -> None:
    asked = {canonicalize_name(item.name) for item in [*_asked(), *(_asked(extra) if extra else [])]}
    owners = packages_distributions()
    undeclared = {
        name: owners.get(name, ["nobody"])
        for name in _imported(*folders)
        if not asked & {canonicalize_name(owner) for owner in owners.get(name, [])}
    }
    assert undeclared == {}, "add them to pyproject.toml and run make lock"
