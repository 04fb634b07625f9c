"""Experiments: what a part of the customers is answered with otherwise, to compare what comes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from config.groups import SettingsGroup
from config.groups.answers import AgentOverride
from config.listed import read_table

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_MOST = 10


def _named(given: Mapping[str, object]) -> Mapping[str, object]:
    for name in given:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name: 1 to 40 of a-z, 0-9, - and _, beginning with a letter or figure")
    return given


class ArmSettings(AgentOverride):
    """What differs in one arm. ``model``: its name at the same endpoint; ``rules_path``: in place of AGENT_RULES_PATH."""

    model: str | None = Field(None, min_length=1, max_length=200)
    rules_path: Path | None = None


class ExperimentSettings(BaseModel):
    """``share``: of the customers, from 0 to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: float = Field(gt=0, le=1)
    arms: Annotated[Mapping[str, ArmSettings], AfterValidator(_named)] = Field(min_length=2, max_length=8)


class ExperimentsGroup(SettingsGroup):
    """Experiments."""

    title: ClassVar[str] = "Experiments"

    experiments: Annotated[
        Mapping[str, ExperimentSettings], NoDecode, BeforeValidator(read_table), AfterValidator(_named)
    ] = Field(
        {},
        max_length=_MOST,
        description="What some customers are answered with otherwise, to compare what comes of it: tables in switchboard.toml, "
        'or JSON such as {"tone": {"share": 0.5, "arms": {"usual": {}, "brief": {"rules_path": "./rules-brief"}}}}. share: of '
        "the customers. Each arm may set model, rules_path, and what AGENT_OVERRIDES may; it goes before AGENT_OVERRIDES.",
    )
