"""The hub as a process of its own, a real mailbox, and every kind of hostile mail in it: the next customer is answered."""

from __future__ import annotations

import asyncio
import time
from urllib.parse import quote

import aiohttp
import pytest

from tests.fixtures.hub import MakeHub
from tests.hostile_mail import MAILS, PLACES, mail, promising_tnef
from tests.integration.email_channel.rig import ANN, PostOffice, letter
from tests.servers.dovecot import PASSWORD
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow

SIZE = 60_000
SUPPORT = "under-attack@example.com"


async def test_another_mail_is_answered_after_each_hostile_kind(make_hub: MakeHub, office: PostOffice) -> None:
    login = f"{quote(SUPPORT)}:{quote(PASSWORD, safe='')}"
    hub = make_hub(
        environment={
            "EMAIL_ADDRESS": SUPPORT,
            "EMAIL_IMAP_URL": f"imap://{login}@127.0.0.1:{office.dovecot.imap_port}",
            "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{office.postman.port}",
            "EMAIL_AUTHSERV_ID": "mx.example.com",
        }
    )
    kinds = [make for name, make in MAILS.items() if name.partition(":")[0] not in PLACES]
    for number, body in enumerate([*(make(SIZE) for make in kinds), mail(promising_tnef(), "application/ms-tnef")]):
        await office.deliver(body.replace(b"<1@", b"<%d@" % number), SUPPORT)
    await office.deliver(letter("What is the answer?", To=SUPPORT), SUPPORT)
    until = time.monotonic() + 240.0
    while not any(to == ANN for to, _ in office.postman.taken):
        assert time.monotonic() < until, hub.log_tail()
        assert await _lives(hub)
        await asyncio.sleep(0.1)
    assert "email.reading_failed" not in hub.log.read_text()


async def _lives(hub: Hub) -> bool:
    async with aiohttp.ClientSession() as http, http.get(f"{hub.url}/health/live") as answer:
        return answer.status == 200
