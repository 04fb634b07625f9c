"""Every command that a page shows is one: the program knows it and its options, and the files that it names are there."""

from __future__ import annotations

import importlib.util
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from config.cli import main
from tests.architecture.sources import read, tracked
from tests.servers.programs import ROOT

_PAGES = [
    path for path in tracked() if path.suffix == ".md" and not {"soak", "adr", "sample", "CHANGELOG.md"} & {*path.parts}
]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}\S.*\n)+")
_SPAN = re.compile(r"`([^`\n]+)`")
_HUB = re.compile(r"(?:^|/|worker |=\S+ )switchboard ((?:--)?[a-z].*)")
_MODULE = re.compile(r"python3? -m ([\w.]+)")
_MADE = {"secret.yaml": "deploy/kubernetes/secret.example.yaml", ".env": ".env.example", "/proc": "/proc"}
"""Files that a page has its reader make, and from which one."""
_COMPOSE = yaml.safe_load(read(Path("deploy/compose.yaml")))


def _lines(path: Path) -> Iterator[str]:
    """Each line of code on the page, without its comment; of a chain, each part."""
    text = read(path)
    shells = [block for language, block in _BLOCK.findall(text) if language in ("", "sh", "bash", "console")]
    prose = _BLOCK.sub("", text)
    for line in "\n".join([*shells, *_INDENTED.findall(prose), *_SPAN.findall(prose)]).splitlines():
        yield from re.split(r" (?:&&|\|\|?|;|>>?|<) ", line.partition(" # ")[0].strip())


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # an apostrophe of a sentence
        return line.split()


def _commands(path: Path) -> list[tuple[str, ...]]:
    found = [_HUB.search(line) for line in _lines(path)]
    return [tuple(_words(one[1])) for one in found if one]


def test_commands_are_found_where_they_stand() -> None:
    assert ("init",) in _commands(Path("README.md"))
    assert ("waiting", "--done", "ID") in _commands(Path("docs/howto/desk/mail.md"))
    assert ("doctor",) in _commands(Path("docs/howto/deploy.md"))
    assert len({command for path in _PAGES for command in _commands(path)}) > 40


@pytest.mark.parametrize("path", _PAGES, ids=str)
def test_every_command_of_the_hub_is_one_with_its_options(path: Path) -> None:
    for words in _commands(path):
        command: click.Command = main
        rest = list(words)
        while rest and isinstance(command, click.Group):
            name = rest.pop(0)
            if name.startswith("-"):
                break
            assert name in command.commands, f"{path}: switchboard {' '.join(words)}"
            command = command.commands[name]
        options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
        unknown = {word.partition("=")[0] for word in rest if word.startswith("-")} - options
        assert not unknown, f"{path}: switchboard {' '.join(words)}"


@pytest.mark.parametrize("path", _PAGES, ids=str)
def test_every_file_and_module_that_a_command_names_is_there(path: Path) -> None:
    for line in _lines(path):
        words = _words(line)
        if words[:1] == ["bash"] and len(words) > 1 and not words[1].startswith("-"):
            assert (ROOT / words[1]).is_file(), f"{path}: {line}"
        if words[:1] == ["kubectl"] or words[:2] == ["docker", "compose"]:
            named = [after for word, after in itertools.pairwise(words) if word in ("-f", "-k", "--env-file")]
            assert all((ROOT / _MADE.get(one, one)).exists() for one in named), f"{path}: {line}"
        for module in _MODULE.findall(line):
            assert importlib.util.find_spec(module) is not None, f"{path}: {line}"


@pytest.mark.parametrize("path", _PAGES, ids=str)
def test_compose_commands_name_services_and_profiles_that_exist(path: Path) -> None:
    services = _COMPOSE["services"]
    profiles = {profile for one in services.values() for profile in one.get("profiles", [])}
    for line in _lines(path):
        scaled = re.findall(r"--scale (\w+)=\d", line)
        entered = re.findall(r"docker compose .*\b(?:exec|logs|run)(?: -\w+)* (\w+)", line)
        assert {*scaled, *entered} <= set(services), f"{path}: {line}"
        assert {*re.findall(r"--profile (\w+)", line)} <= profiles, f"{path}: {line}"


def test_a_cluster_is_given_every_manifest_that_its_page_applies() -> None:
    page = Path("deploy/kubernetes/README.md")
    folders = [words[words.index("-k") + 1] for words in map(_words, _lines(page)) if "-k" in words]
    assert len(folders) == 2
    for folder in folders:
        kustomization = yaml.safe_load(read(Path(folder) / "kustomization.yaml"))
        named = [
            *kustomization["resources"],
            *(one["path"] for one in kustomization.get("patches", []) if "path" in one),
        ]
        assert named
        assert all((ROOT / folder / one).exists() for one in named), named
