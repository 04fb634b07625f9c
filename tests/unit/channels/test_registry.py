"""Channels are found by name and imported only then."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from channels import registry
from channels.console.adapter import ConsoleChannel
from channels.web.adapter import WebChannel
from core.domain.errors import ConfigError


def test_the_built_in_ones() -> None:
    assert registry.load("web") is WebChannel
    assert registry.load("console") is ConsoleChannel
    assert {"web", "console"} <= set(registry.names())


def test_an_unknown_one_names_the_known() -> None:
    with pytest.raises(ConfigError, match="console, email, slack, sms, telegram, web"):
        registry.load("fax")


def test_another_package_adds_one_or_replaces_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("web", "channels.console.adapter:ConsoleChannel", registry.GROUP),
        EntryPoint("fax", "no_such_package:Fax", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "_added", lambda: points)
    assert registry.load("web") is ConsoleChannel
    with pytest.raises(ConfigError, match="fax"):
        registry.load("fax")


def test_naming_a_channel_imports_none() -> None:
    code = (
        "import sys; from channels import registry; registry.names(); "
        "print([m for m in sys.modules if m.startswith('channels.')])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "['channels.registry']"
