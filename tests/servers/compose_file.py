"""What Compose makes of deploy/compose.yaml and an .env, as far as our file uses it; no engine is needed.

Sources: https://docs.docker.com/reference/compose-file/interpolation/ and
https://docs.docker.com/compose/how-tos/environment-variables/envvars-precedence/ (``environment`` wins over ``env_file``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.servers.compose_env import compose_env
from tests.servers.programs import ROOT

KEYS = f"SECRET_KEY={'k' * 40}\nPOSTGRES_PASSWORD=pw\nGRAFANA_PASSWORD=pw\n"
"""What Compose asks for, as lines of an .env."""
COMPOSE = ROOT / "deploy" / "compose.yaml"
_VARIABLE = re.compile(r"\$(?:\$|(?P<bare>\w+)|\{(?P<name>\w+)(?P<rule>:?[-?+])?(?P<rest>[^}]*)\})")


class MissingVariable(Exception):
    """``${NAME:?what to do}`` and there is none."""


def rendered(env: str, path: Path = COMPOSE) -> dict[str, Any]:
    """The services as Compose starts them; ``env`` is the text of the .env, which ``--env-file`` names too."""
    written = {name: value or "" for name, value in compose_env(env).items()}
    raw = yaml.safe_load(path.read_text("utf-8"))
    services: dict[str, Any] = _interpolated(raw["services"], written)
    for service in services.values():
        files = service.get("env_file", [])
        assert all((path.parent / file).resolve() == ROOT / ".env" for file in files), "one .env for all"
        own = {name: str(value) for name, value in (service.get("environment") or {}).items()}
        service["environment"] = {**(written if files else {}), **own}
    return services


def variables() -> set[str]:
    """All that the file asks the .env for."""
    found = _VARIABLE.finditer(re.sub(r"\$\$", "", COMPOSE.read_text("utf-8")))
    return {one["name"] or one["bare"] for one in found}


def _interpolated(value: Any, written: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _interpolated(one, written) for name, one in value.items()}
    if isinstance(value, list):
        return [_interpolated(one, written) for one in value]
    return _VARIABLE.sub(lambda found: _value(found, written), value) if isinstance(value, str) else value


def _value(found: re.Match[str], written: Mapping[str, str]) -> str:
    name, rule, rest = found["name"] or found["bare"], found["rule"] or "", found["rest"] or ""
    if name is None:
        return "$"
    value = written.get(name)
    if value is not None and (value or not rule.startswith(":")):
        return value
    if rule.endswith("?"):
        raise MissingVariable(f"{name}: {rest}")
    return rest if rule.endswith("-") else ""
