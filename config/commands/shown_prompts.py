"""``switchboard prompts``: the system prompt that the model is given, with the company's own rules."""

from __future__ import annotations

from channels import registry
from config.agent_parts import agent_settings, settings_by_channel
from config.commands.safe_echo import echo_line
from config.groups.experiments import ArmSettings
from config.settings import Settings, read_settings
from core.agent.prompting import base_prompt
from core.domain.errors import ConfigError


def show(place: str | None, arm: str | None) -> None:
    """Raises ConfigError for rules that cannot be used, and for places and arms that are none."""
    settings = read_settings()
    given = None if arm is None else _arm(settings, arm)
    bounds = agent_settings(settings, given)
    if place is not None:
        channel = place.partition(":")[0]
        if channel not in registry.names():
            raise ConfigError(f"{channel} is no channel. There are: {', '.join(registry.names())}.")
        special = settings_by_channel(settings, given)
        bounds = special.get(place) or special.get(channel) or bounds
    for line in base_prompt(bounds).content.splitlines():
        echo_line(line)


def _arm(settings: Settings, name: str) -> ArmSettings:
    experiment, _, arm = name.partition(":")
    found = settings.experiments.get(experiment)
    if found is None or arm not in found.arms:
        raise ConfigError(f"There is no arm {name}: EXPERIMENTS names experiments and their arms, as EXPERIMENT:ARM.")
    return found.arms[arm]
