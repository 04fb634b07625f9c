"""What `switchboard doctor` says about a mailbox: each fault is named with the place to change."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from channels.email.adapter import EmailChannel
from core.clock import SystemClock
from core.ports.channel import Diagnosis, SupportsAlarm, SupportsDiagnosis, SupportsOutcomeQuery
from core.ports.metrics import NoMetrics
from core.ports.surroundings import Surroundings
from tests.calls_here import CallsHere
from tests.integration.email_channel.rig import PostOffice, settings, submission_url

_ADDRESS = f"support-{uuid4().hex[:8]}@example.com"


def _channel(office: PostOffice, **changes: Any) -> EmailChannel:
    around = Surroundings(
        memory=None,  # type: ignore[arg-type]  # a diagnosis needs nothing of the hub
        leases=None,  # type: ignore[arg-type]
        paces=None,  # type: ignore[arg-type]
        deliveries=None,  # type: ignore[arg-type]
        showing=None,  # type: ignore[arg-type]
        files=None,  # type: ignore[arg-type]
        clock=SystemClock(),
        metrics=NoMetrics(),
        link=lambda file: None,
        process="p1",
        company="Tidepool Ltd",
        confined=CallsHere(),
    )
    changes = {"smtp_url": submission_url(office, _ADDRESS), **changes}
    return EmailChannel(settings(office, _ADDRESS, **changes), around)


async def _findings(office: PostOffice, **changes: Any) -> dict[str, Diagnosis]:
    found = await _channel(office, **changes).diagnose()
    assert all(one.ok or one.fix for one in found)
    shown = " ".join(f"{one.detail} {one.fix}" for one in found)
    assert "w/ord" not in shown, "no password is shown"
    return {one.check: one for one in found}


async def test_all_is_well(office: PostOffice) -> None:
    found = await _findings(office, sent_folder="Sent")
    assert [one.check for one in found.values() if not one.ok] == []
    assert {"imap", "folder", "idle", "smtp", "sender", "trust"} <= set(found)
    assert "IDLE" in found["idle"].detail
    assert office.postman.taken == []


async def test_a_wrong_password(office: PostOffice) -> None:
    imap = f"imap+starttls://{_ADDRESS}:wrong@localhost:{office.dovecot.imap_port}"
    found = await _findings(office, imap_url=imap, smtp_url=submission_url(office, _ADDRESS, "wrong"))
    assert "EMAIL_IMAP_URL" in str(found["imap"].fix)
    assert "EMAIL_SMTP_URL" in str(found["smtp"].fix)


async def test_a_folder_that_is_not_there(office: PostOffice) -> None:
    found = await _findings(office, folders=("Support",))
    assert not found["folder"].ok
    assert "Orders" in str(found["folder"].fix)


async def test_servers_that_do_not_answer(office: PostOffice) -> None:
    found = await _findings(office, imap_url="imaps://u:p@127.0.0.1:1", smtp_url="smtp+starttls://u:p@127.0.0.1:1")
    assert "EMAIL_IMAP_URL" in str(found["imap"].fix)
    assert "EMAIL_SMTP_URL" in str(found["smtp"].fix)


async def test_a_certificate_that_nobody_knows(office: PostOffice) -> None:
    found = await _findings(office, ca_file=None)
    for check in ("imap", "smtp"):
        assert "EMAIL_CA_FILE" in str(found[check].fix)


async def test_an_authority_that_cannot_be_read(office: PostOffice) -> None:
    found = await _findings(office, ca_file="/nowhere/ca.pem")
    assert not found["authorities"].ok
    assert "/nowhere/ca.pem" in found["authorities"].detail


async def test_tls_on_a_port_of_its_own(office: PostOffice) -> None:
    url = settings(office, _ADDRESS).imap_url.replace("imap+starttls", "imaps")
    url = url.replace(str(office.dovecot.imap_port), str(office.dovecot.imaps_port))
    assert (await _findings(office, imap_url=url))["imap"].ok


async def test_an_address_that_is_not_ours(office: PostOffice) -> None:
    office.postman.refusals.mail = ["553 5.7.1 Sender address rejected: not owned by user"]
    found = await _findings(office, smtp_url=f"smtp://127.0.0.1:{office.postman.port}")
    assert "EMAIL_ADDRESS" in str(found["sender"].fix)


async def test_a_server_without_starttls(office: PostOffice) -> None:
    found = await _findings(office, smtp_url=f"smtp+starttls://127.0.0.1:{office.postman.port}")
    assert "STARTTLS" in str(found["smtp"].fix)


@pytest.mark.parametrize("kind", [SupportsDiagnosis, SupportsAlarm, SupportsOutcomeQuery])
def test_what_the_channel_can(office: PostOffice, kind: type) -> None:
    assert isinstance(_channel(office), kind)
