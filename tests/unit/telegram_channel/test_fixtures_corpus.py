"""The fixtures are what the machine-readable Bot API says of an Update, field by field."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import telegram_api
from tests.unit.telegram_channel import fixtures


@pytest.mark.parametrize("name", fixtures.names())
def test_a_fixture_is_an_update_of_the_bot_api(corpus_dir: Path, name: str) -> None:
    assert (corpus_dir / "telegram" / "bot-api.json").exists()
    for update in fixtures.updates(name):
        telegram_api.check_type("Update", update)


def test_what_we_call_is_described_the_same_without_the_corpus(corpus_dir: Path) -> None:
    methods, types = telegram_api.described()
    for listed, known in ((telegram_api.USED, methods), (telegram_api.USED_TYPES, types)):
        for name, fields in listed.items():
            for field, kinds in fields.items():
                there, required = known[name][field.removesuffix("!")]
                assert required == field.endswith("!"), f"{name}.{field}"
                assert set(kinds.split("|")) <= set(there), f"{name}.{field}"
