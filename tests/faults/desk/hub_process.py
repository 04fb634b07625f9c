"""``python -m tests.faults.desk.hub_process serve``: the hub of the fault suite, with a desk that posts as fast as it may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from config import hub
from tests.faults.channels import hub_process


def main() -> None:
    """Compose, then do what the command line says."""
    make = hub.make_wall

    def make_hasty(*parts: Any) -> Any:
        wall = make(*parts)
        assert wall is not None
        wall.capabilities = replace(wall.capabilities, pace=None)
        return wall

    vars(hub)["make_wall"] = make_hasty
    hub_process.main()


if __name__ == "__main__":
    main()
