"""``python -m tests.faults.channels.hub_process serve``: the hub of the fault suite, with paces that let thousands of
messages out within minutes. Everything else about the channels is the product as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from config import hub
from core.domain.capabilities import Pace
from core.ports.channel import Channel
from tests.faults import hub_process

_FASTER = 20


def _hasten(pace: Pace | None) -> Pace | None:
    if pace is None:
        return None
    return Pace(pace.messages * _FASTER, pace.seconds, pace.per_conversation / _FASTER)


def main() -> None:
    """Compose, then do what the command line says."""
    make = hub.make_channels

    def make_hasty(*parts: Any) -> Mapping[str, Channel]:
        channels = make(*parts)
        for channel in channels.values():
            capabilities = channel.capabilities
            channel.capabilities = replace(capabilities, pace=_hasten(capabilities.pace))
        return channels

    vars(hub)["make_channels"] = make_hasty
    hub_process.main()


if __name__ == "__main__":
    main()
