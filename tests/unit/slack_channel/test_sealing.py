"""Tokens of installations are sealed: only the keys open them, and a rotation loses none."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from channels.slack.workspaces import Installed, Seal
from core.domain.errors import Unreachable

OLD, NEW = "o" * 32, "n" * 32
OTHER = Installed("T0OTHER01", "Other", "xoxb-other", "U0BOT0002", "chat:write")


def test_a_token_is_not_to_be_read_in_what_is_remembered() -> None:
    sealed = Seal([NEW]).close(OTHER)
    assert "xoxb" not in sealed
    assert json.loads(sealed)["team"] == OTHER.team
    opened = Seal([NEW]).open(sealed)
    assert opened == (OTHER, False)


def test_during_a_rotation_both_keys_open_and_the_first_seals() -> None:
    sealed = Seal([OLD]).close(OTHER)
    opened = Seal([NEW, OLD]).open(sealed)
    assert opened == (OTHER, True)
    again = Seal([NEW, OLD]).close(OTHER)
    assert Seal([NEW]).open(again)[0] == OTHER


def test_what_stands_in_clear_is_read_and_stale() -> None:
    opened = Seal([NEW]).open(json.dumps(asdict(OTHER)))
    assert opened == (OTHER, True)


@pytest.mark.parametrize("keys", [[], [NEW]])
def test_without_the_key_it_says_what_to_do(keys: list[str]) -> None:
    with pytest.raises(Unreachable, match=r"T0OTHER01.*SECRET_KEY.*install the app there again"):
        Seal(keys).open(Seal([OLD]).close(OTHER))


def test_without_any_key_nothing_is_written() -> None:
    with pytest.raises(Unreachable, match="SECRET_KEY"):
        Seal([]).close(OTHER)


def test_a_token_opens_in_its_own_workspace_only() -> None:
    mine = json.loads(Seal([NEW]).close(OTHER))
    with pytest.raises(Unreachable):
        Seal([NEW]).open(json.dumps({**mine, "team": "T0THIRD01"}))
