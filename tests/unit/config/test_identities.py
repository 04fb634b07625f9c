"""``switchboard identities`` shows links of an address, and undoes them."""

from __future__ import annotations

from pathlib import Path

from config.commands.identities import link_lines
from config.commands.store_lines import ask
from config.settings import Settings
from config.store import make_store
from core.clock import SystemClock
from core.domain.customer import Identity
from core.ports.outcomes import LinkIdentity
from core.storage.migrate import migrate

PAGE = Identity("web", "default", "anon:s_1")
PHONE = Identity("sms", "AC1", "+4930123456")


async def test_links_are_shown_and_undone(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    await migrate(settings.effective_database_url)
    store = make_store(settings, SystemClock())
    await store.open()
    await store.decide([], [LinkIdentity("c0ffee", "nobody", PAGE, "")])
    page = await store.known_customer(PAGE)
    assert page is not None
    await store.decide([], [LinkIdentity("c0ffee", page, PHONE, "")])
    await store.close()

    async def lines(address: str, *, unlink: bool = False) -> list[str]:
        request = {"command": "identities", "address": address, "unlink": unlink}
        return [line["text"] for line in await ask(settings, request, link_lines)]

    (line,) = await lines("+4930123456")
    assert "sms:+4930123456 and web:anon:s_1, by a code in conversation c0ffee" in line
    assert "undone" not in line
    assert await lines("+4930999999", unlink=True) == []
    (undone,) = await lines("+4930123456", unlink=True)
    assert undone.endswith("by operator")
    assert await lines("+4930123456") == [undone]
