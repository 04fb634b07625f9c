"""The fixtures are what the machine-readable Bot API says of an Update, field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from config.simulation import telegram_api
from tests.unit.telegram_channel import fixtures


@pytest.mark.parametrize("name", fixtures.names())
def test_a_fixture_is_an_update_of_the_bot_api(corpus_dir: Path, name: str) -> None:
    assert (corpus_dir / "telegram" / "bot-api.json").exists()
    for update in fixtures.updates(name):
        telegram_api.check_type("Update", update)


def test_what_we_call_is_described_the_same_without_the_corpus(corpus_dir: Path) -> None:
    methods, types = telegram_api.described()
    whole = json.loads((corpus_dir / "telegram" / "bot-api.json").read_text())["types"]
    for listed, known in ((telegram_api.USED, methods), (telegram_api.USED_TYPES, types)):
        for name, fields in listed.items():
            for field, kinds in fields.items():
                there, required = known[name][field.removesuffix("!")]
                assert required == field.endswith("!"), f"{name}.{field}"
                narrower = {
                    one.replace(base, kind) for one in there for base in whole for kind in _kinds(whole, base, one)
                }
                assert set(kinds.split("|")) <= {*there, *narrower}, f"{name}.{field}"


def _kinds(types: Mapping[str, Any], base: str, described: str) -> Sequence[str]:
    """What a described type may be in particular: of a kind of reaction we send one."""
    found: Sequence[str] = types[base].get("subtypes", ()) if described.removeprefix("Array of ") == base else ()
    return found
