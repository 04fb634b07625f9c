"""``switchboard replay``: scenarios through a hub of its own, with the real adapters over platforms on loopback."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from api.logging import LogSettings, configure_logging
from config.agent_parts import make_uncounted_model
from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.conversations.scenario import ScenarioFile, read_scenarios
from config.secret_values import all_secrets
from config.settings import Settings, read_settings
from config.simulation.judge import ModelJudge
from config.simulation.play import Played, Player
from config.simulation.results import as_junit, as_lines
from config.simulation.scripted_model import ANSWERS, CHECKS, HEARS, ScriptedModel
from config.simulation.town import SETTABLE, town
from core.clock import SystemClock
from core.domain.errors import ConfigError

_PATHS = ("tools_path", "knowledge_sources")


def run(paths: Sequence[Path], runs: int, junit: Path | None, *, live: bool) -> int:
    """0 where every conversation went as expected. Raises ConfigError for a broken file."""
    settings = read_settings()
    configure_logging(LogSettings(level="ERROR", format="console"), secrets=all_secrets(settings))
    if live and not settings.has_model:
        raise ConfigError("--live needs a model: set OPENAI_API_KEY or OPENAI_BASE_URL.")
    files = [read_scenarios(path) for path in paths]
    played = run_async(replayed(files, runs, settings if live else None))
    if junit is not None:
        junit.write_bytes(as_junit(played))
    judged = (
        0 if live else sum(bool(turn.judge) for file in files for case in file.conversations for turn in case.turns)
    )
    for line in as_lines(played, unjudged=judged):
        echo_line(line)
    return 1 if any(one.failures for one in played) else 0


async def replayed(
    files: Sequence[ScenarioFile], runs: int = 1, live: Settings | None = None, data_dir: Path | None = None
) -> list[Played]:
    """Through one hub, and one more for each run of a file that has a clock, in which one conversation follows another.

    ``live``: the settings of the model that answers and judges; without it the files say what a model says.
    ``data_dir`` holds an index, which is copied for each hub.
    """
    together = [file for file in files if file.clock is None]
    numbers = range(1, runs + 1)
    groups = [([file], [run]) for file in files if file.clock is not None for run in numbers]
    if together:
        groups.insert(0, (together, list(numbers)))
    return [one for group, its_runs in groups for one in await _replayed(group, its_runs, live, data_dir)]


async def _replayed(
    files: Sequence[ScenarioFile], runs: Sequence[int], live: Settings | None, data_dir: Path | None
) -> list[Played]:
    begin = files[0].clock
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))) / "var"
        if data_dir is not None:
            await asyncio.to_thread(shutil.copytree, data_dir, folder)
        changes = _settings_of(files)
        judge = None
        if live is None:
            model = await stack.enter_async_context(ScriptedModel(files).running())
            changes |= _scripted(model.url)
        else:
            judge = make_judge(live, stack)
        built = await stack.enter_async_context(town(folder, changes, begin=begin))
        player = Player(built, judge=judge, at_once=4 if begin is None else 1)
        return await player.play(files, runs)


def make_judge(live: Settings, closing: AsyncExitStack) -> ModelJudge:
    """It reads no more of personal data than the model that answers."""
    return ModelJudge(make_uncounted_model(live, SystemClock(), closing))


def _scripted(url: str) -> Mapping[str, Any]:
    azure = dict.fromkeys(("azure_openai_endpoint", "azure_openai_api_key", "azure_openai_deployment"))
    names = {"openai_model": ANSWERS, "agent_verify_model": CHECKS, "openai_api_key": "none", "openai_base_url": url}
    return {**azure, **names, "agent_vision_model": "off", "agent_transcription_model": HEARS}


def _settings_of(files: Sequence[ScenarioFile]) -> dict[str, Any]:
    """What the files set, together. Raises ConfigError where two differ, or a name is no setting."""
    found: dict[str, Any] = {}
    for file in files:
        for name, value in file.settings.items():
            key = name.lower()
            if key not in Settings.model_fields:
                raise ConfigError(f"{file.path}: settings: there is no setting {name}.")
            if key not in SETTABLE:
                raise ConfigError(f"{file.path}: settings: {name} is set by replay; a file sets how the hub answers.")
            if key in _PATHS and value not in ("sample", "none"):
                value = str((file.path.parent / str(value)).absolute())
            if found.setdefault(key, value) != value:
                raise ConfigError(
                    f"{file.path}: settings: {name} differs from what another file sets; play them apart."
                )
    return found
