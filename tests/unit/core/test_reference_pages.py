"""The reference pages say what the code does: their tables are read and compared."""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from core.delivery import DeliverySettings
from core.domain import errors
from core.domain.conversation import IllegalTransition, OwnershipEvent, OwnershipState, next_state
from core.domain.delivery import DeliveryStatus
from tests.property.engine_model import DeliveryEvent, IllegalDelivery, next_status

PAGES = Path(__file__).resolve().parents[3] / "docs" / "reference"


def tables(page: str) -> list[list[dict[str, str]]]:
    """Each table of a page as its rows, by the names in its head; code marks taken off."""
    found: list[list[dict[str, str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", (PAGES / page).read_text("utf-8"), flags=re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        found.append([dict(zip(head, (cell.strip("`") for cell in row), strict=True)) for row in rows])
    return found


def _transitions(states: type[StrEnum], events: type[StrEnum], step: Any) -> set[tuple[str, str, str]]:
    legal = set()
    for state in states:
        for event in events:
            try:
                legal.add((str(state), str(event), str(step(state, event))))
            except (IllegalTransition, IllegalDelivery):
                continue
    return legal


@pytest.mark.parametrize(
    ("number", "states", "events", "step"),
    [(0, OwnershipState, OwnershipEvent, next_state), (2, DeliveryStatus, DeliveryEvent, next_status)],
)
def test_the_state_machines_are_written_down(
    number: int, states: type[StrEnum], events: type[StrEnum], step: Any
) -> None:
    explained, moves = tables("state-machines.md")[number : number + 2]
    assert [next(iter(row.values())) for row in explained] == [str(state) for state in states]
    written = [(row["from"], row["event"], row["to"]) for row in moves]
    assert len(written) == len(set(written))
    assert set(written) == _transitions(states, events, step)


def test_every_channel_error_has_its_consequence() -> None:
    named = {row["error"] for row in tables("delivery.md")[0]}
    classes = {cls.__name__ for cls in errors.ChannelError.__subclasses__()}
    assert classes <= named
    assert named - classes == {"any other exception", "no answer in time"}


def test_the_settings_are_the_defaults() -> None:
    written = {row["setting"]: float(row["default"]) for row in tables("delivery.md")[2]}
    assert written == {field.name: float(field.default) for field in dataclasses.fields(DeliverySettings)}  # type: ignore[arg-type]


def test_sending_ends_before_its_lease() -> None:
    settings = DeliverySettings()
    assert settings.send_timeout < settings.lease
