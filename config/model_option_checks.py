"""What ``switchboard doctor`` says of options that some models refuse: asked with a short question, which costs a few tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import aiohttp

from config.agent_parts import agent_settings, chat_settings, settings_by_channel
from config.settings import Settings
from core.llm.wire import OPTIONS
from core.ports.channel import Diagnosis

_SECONDS = 8.0
_TOKENS = 16
_MOST = 5
"""Values of one model that are tried."""
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


async def check_model_options(settings: Settings) -> Sequence[Diagnosis]:
    """Return a diagnosis for each temperature and reasoning effort that the model refuses, in whichever setting it stands."""
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    found: list[Diagnosis] = []
    async with aiohttp.ClientSession(timeout=timeout, trust_env=True) as http:
        for model, wanted in _wanted(settings).items():
            try:
                if not wanted or await _status(http, settings, model, {}) >= HTTPStatus.BAD_REQUEST:
                    continue  # what is wrong with the model itself is said elsewhere
                for option, value in wanted[:_MOST]:
                    if await _status(http, settings, model, {option: value}) in _REFUSED:
                        found.append(_refusal(settings, model, option, value))
            except (aiohttp.ClientError, TimeoutError, OSError):
                continue
    return found


def _wanted(settings: Settings) -> Mapping[str | None, list[tuple[str, Any]]]:
    """By model: options with their values; None is the model that answers where nothing else is set."""
    arms = [arm for one in settings.experiments.values() for arm in one.arms.values()]
    found: dict[str | None, dict[tuple[str, Any], None]] = {}
    for arm in (None, *arms):
        bounds = (agent_settings(settings, arm), *settings_by_channel(settings, arm).values())
        values = (
            (option, value) for one in bounds for option in OPTIONS if (value := getattr(one, option)) is not None
        )
        found.setdefault(arm.model if arm else None, {}).update(dict.fromkeys(values))
    return {model: list(values) for model, values in found.items()}


async def _status(
    http: aiohttp.ClientSession, settings: Settings, model: str | None, options: Mapping[str, Any]
) -> int:
    end = chat_settings(settings, model)
    asked = {"model": end.model, "messages": [{"role": "user", "content": "Hi"}], end.limit_field: _TOKENS, **options}
    async with http.post(end.url, json=asked, headers=end.headers, allow_redirects=False) as answer:
        return answer.status


def _refusal(settings: Settings, model: str | None, option: str, value: object) -> Diagnosis:
    name = chat_settings(settings, model).model
    setting = f"AGENT_{option.upper()}"
    told = f"the model {name} refuses {option} {value}; it is asked without it"
    return Diagnosis(setting, False, told, f"Leave {setting} empty, or set it to what the model's documentation names.")
