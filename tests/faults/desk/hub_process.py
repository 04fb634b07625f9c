"""``python -m tests.faults.desk.hub_process serve``: the hub of the fault suite, with a desk that posts as fast as it may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from config import hub
from tests.faults.channels import hub_process


def main() -> None:
    """Compose, then do what the command line says."""
    make = hub.make_desk_channel

    def make_hasty(*parts: Any) -> Any:
        desk_channel = make(*parts)
        assert desk_channel is not None
        desk_channel.capabilities = replace(desk_channel.capabilities, pace=None)
        return desk_channel

    vars(hub)["make_desk_channel"] = make_hasty
    hub_process.main()


if __name__ == "__main__":
    main()
