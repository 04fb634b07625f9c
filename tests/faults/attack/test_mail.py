"""One address sends mails of every hostile kind to a real mailbox; those of the others behind them are answered all the same."""

from __future__ import annotations

import contextlib
import random
import smtplib
from collections.abc import Iterator
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.faults.attack.conftest import MakeTarget
from tests.faults.attack.hostile_text import KINDS, messages
from tests.faults.attack.liveness import Footprint, recovered, watching
from tests.faults.attack.mail_neighbours import mail_neighbourhood
from tests.fixtures.report import MakeReport
from tests.hostile_mail import MAILS, mail
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.scale import Scale
from tests.servers.dovecot import PASSWORD


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mailbox server, and one that takes mail."""
    with post_office() as servers:
        yield servers


@pytest.mark.soak(small=False)
@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_hostile_mail_holds_nobody_up(
    make_target: MakeTarget, office: PostOffice, scale: Scale, make_report: MakeReport, rng: random.Random
) -> None:
    report = make_report("attack-mail", "One address sends hostile mail")
    company = f"support-{uuid4().hex[:8]}@example.com"
    hub = await make_target(environment=_settings(office, company))
    size = scale.pick(small=40_000, full=240_000)
    hostile = _hostile(size, rng, scale.pick(small=20, full=0))
    async with mail_neighbourhood(
        office, company, scale.pick(small=2, full=5), within=scale.pick(small=360, full=1200)
    ) as others:
        await others.first_answered()
        before = Footprint.of(hub)
        async with watching(hub, full=scale.full) as liveness:
            for one in hostile:
                with contextlib.suppress(smtplib.SMTPException):  # what the mail server itself does not take
                    await office.deliver(one, company)
            others.enough.set()
            await others.answered()
    report.record("hostile mails", len(hostile))
    report.record("bytes of each, about", size)
    others.judge(report)
    liveness.judge(report)
    await recovered(hub, before)


def _settings(office: PostOffice, company: str) -> dict[str, str]:
    login = f"{quote(company)}:{quote(PASSWORD, safe='')}"
    return {
        "EMAIL_ADDRESS": company,
        "EMAIL_IMAP_URL": f"imap://{login}@127.0.0.1:{office.dovecot.imap_port}",
        "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{office.postman.port}",
        "EMAIL_ANSWERS_PER_DOMAIN": "5",  # what the stranger gets
        "EMAIL_ANSWERS_PER_ADDRESS": "1000",
    }


def _hostile(size: int, rng: random.Random, few: int) -> list[bytes]:
    """The kinds of text that others write in the chat, and of the kinds of mail all, or ``few`` by lot."""
    texts = [mail(next(messages(kind, size, 1)).encode()) for kind in KINDS]
    kinds = sorted(MAILS)
    chosen = rng.sample(kinds, few) if few else kinds
    mails = [*texts, *(MAILS[kind](size) for kind in chosen)]
    return [one.replace(b"<1@", b"<%d@" % number) for number, one in enumerate(mails)]
