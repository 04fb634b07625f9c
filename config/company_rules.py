"""Reads the company's own rules for its agent: plain text in files, for all, for a channel, and for an account of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from channels import registry
from config.settings import Settings
from core.agent.tokens import estimate
from core.domain.errors import ConfigError
from core.ports.channel import Diagnosis

EVERYWHERE = ""
"""The place of rules that hold on all channels."""
MOST_TOKENS = 2_000
"""Of all rules that hold for one conversation: they are part of every prompt."""
_MOST_BYTES = 64 * 1024
_MOST_FILES = 200
_SUFFIXES = (".md", ".txt")
_LAYOUT = "rules.md, channels/CHANNEL.md and channels/CHANNEL/ACCOUNT.md"


def read_rules(path: Path | None) -> Mapping[str, str]:
    """The rules by place, as AGENT_OVERRIDES names places: ``""`` for all, ``channel``, ``channel:account``.

    A place has the rules of all that it is part of. A file holds the rules for all. Raises ConfigError for what is missing, too
    long, no text, or not where rules are looked for.
    """
    if path is None:
        return {}
    if not path.is_dir():
        return _checked({EVERYWHERE: _text(path)})
    own: dict[str, str] = {}
    for file in _files(path):
        place = _place(file.relative_to(path), file)
        if place in own:
            raise ConfigError(f"AGENT_RULES_PATH: {file} names a place that another file names too.")
        own[place] = _text(file)
    if not own:
        raise ConfigError(f"AGENT_RULES_PATH: {path} holds no rules. They are looked for in {_LAYOUT}.")
    return _checked({place: _joined(own, place) for place in (EVERYWHERE, *own)})


def check_rules(settings: Settings) -> Sequence[Diagnosis]:
    """What ``switchboard doctor`` says of them, and of those of experiments."""
    arms = [arm.rules_path for one in settings.experiments.values() for arm in one.arms.values()]
    told = []
    for path in dict.fromkeys((settings.agent_rules_path, *arms)):
        if path is not None:
            places = ", ".join(place or "all channels" for place in read_rules(path))
            told.append(Diagnosis("AGENT_RULES_PATH", True, f"{path} holds rules for {places}"))
    return told


def _files(folder: Path) -> Sequence[Path]:
    """All but hidden ones: a mounted ConfigMap has some."""
    found = (one for one in folder.rglob("*") if one.is_file() and not _is_hidden(one.relative_to(folder)))
    files = list(islice(found, _MOST_FILES + 1))
    if len(files) > _MOST_FILES:
        raise ConfigError(
            f"AGENT_RULES_PATH: {folder} holds more than {_MOST_FILES} files. Name a folder of rules alone."
        )
    return sorted(files)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _place(path: Path, file: Path) -> str:
    if path.suffix in _SUFFIXES:
        match path.with_suffix("").parts:
            case ("rules",):
                return EVERYWHERE
            case ("channels", channel) if channel in registry.names():
                return channel
            case ("channels", channel, account) if channel in registry.names():
                return f"{channel}:{account}"
    known = ", ".join(registry.names())
    raise ConfigError(f"AGENT_RULES_PATH: {file} is not read. Rules stand in {_LAYOUT}, and channels are {known}.")


def _text(file: Path) -> str:
    if not file.is_file():
        raise ConfigError(f"AGENT_RULES_PATH: {file} cannot be read: there is no such file.")
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"AGENT_RULES_PATH: {file} cannot be read ({error.strerror}).") from error
    if len(raw) > _MOST_BYTES:
        raise ConfigError(f"AGENT_RULES_PATH: {file} is longer than {_MOST_BYTES // 1024} KiB.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"AGENT_RULES_PATH: {file} is no text in UTF-8.") from error
    if "\0" in text:
        raise ConfigError(f"AGENT_RULES_PATH: {file} is no text.")
    return text.strip()


def _joined(own: Mapping[str, str], place: str) -> str:
    """The rules of a place, the general ones first."""
    places = dict.fromkeys((EVERYWHERE, place.partition(":")[0], place))
    return "\n\n".join(text for one in places if (text := own.get(one)))


def _checked(rules: Mapping[str, str]) -> Mapping[str, str]:
    for place, text in rules.items():
        if (tokens := estimate(text)) > MOST_TOKENS:
            raise ConfigError(
                f"AGENT_RULES_PATH: the rules for {place or 'all channels'} are about {tokens} tokens long, and {MOST_TOKENS} "
                "are the most. What customers ask about belongs into the documents."
            )
    return rules
