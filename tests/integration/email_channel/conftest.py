"""Servers for the whole module, a hub for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.email_channel.rig import PostOffice, Rig, post_office, rig_in


@pytest.fixture(scope="session")
def servers() -> Iterator[PostOffice]:
    """Dovecot and the postman; every test has mailboxes of its own."""
    with post_office() as office:
        yield office


@pytest.fixture
def office(servers: PostOffice) -> PostOffice:
    """The servers, with nothing refused any more and nothing taken yet."""
    servers.postman.taken.clear()
    servers.postman.refusals.__init__()  # type: ignore[misc]
    return servers


@pytest.fixture
async def rig(tmp_path: Path, office: PostOffice) -> AsyncIterator[Rig]:
    """A started hub."""
    async with rig_in(tmp_path, office) as rig:
        await rig.start()
        yield rig
        await rig.stop()
