"""Links to files: signed, and for a while."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels.web.links import Links
from core.domain.errors import NotAllowed
from tests.unit.web.clock import HandClock


def _parts(path: str) -> tuple[str, str]:
    head, _, signature = path.partition("?sig=")
    return head.rsplit("/", 1)[1], signature


def test_a_link_opens_its_file_until_it_expires() -> None:
    clock = HandClock()
    links = Links(["k"], timedelta(hours=24), clock)
    file, signature = _parts(links.to("f1"))
    links.check(file, signature)
    clock.seconds = 24 * 3600
    links.check(file, signature)
    clock.seconds = 26 * 3600
    with pytest.raises(NotAllowed, match="expired"):
        links.check(file, signature)


def test_it_stays_the_same_for_an_hour() -> None:
    clock = HandClock()
    links = Links(["k"], timedelta(hours=24), clock)
    first = links.to("f1")
    clock.seconds = 1800
    assert links.to("f1") == first
    clock.seconds = 3601
    assert links.to("f1") != first


@pytest.mark.parametrize("signature", ["", ".", "zz.a", "ffffffff.", "ffffffff.AAAA", "🙂.🙂", "1.\ud800"])
def test_forged_links_open_nothing(signature: str) -> None:
    with pytest.raises(NotAllowed):
        Links(["k"], timedelta(hours=24), HandClock()).check("f1", signature)


def test_a_signature_fits_one_file_and_one_time() -> None:
    links = Links(["k"], timedelta(hours=24), HandClock())
    _, signature = _parts(links.to("f1"))
    expires, _, mac = signature.partition(".")
    for file, forged in (("f2", signature), ("f1", f"{int(expires, 16) + 3600:x}.{mac}")):
        with pytest.raises(NotAllowed):
            links.check(file, forged)


def test_rotation_keeps_old_links() -> None:
    clock = HandClock()
    file, signature = _parts(Links(["old"], timedelta(hours=24), clock).to("f1"))
    Links(["new", "old"], timedelta(hours=24), clock).check(file, signature)
    with pytest.raises(NotAllowed):
        Links(["new"], timedelta(hours=24), clock).check(file, signature)
