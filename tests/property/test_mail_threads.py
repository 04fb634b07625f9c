"""Each reply of staff's in a mail thread reaches exactly whom the desk showed, whoever writes, is added or is left out."""

from __future__ import annotations

import random
from collections import Counter
from email.message import EmailMessage

import pytest

from tests.property.mail_threads import MARK, PEOPLE, STRANGER, MailThread
from tests.scale import run_scale
from tests.unit.email_channel.fixture import SETTINGS

_THREADS = run_scale().pick(small=250, full=1_000)
_SEEN = ("replies", "to several", "to one", "chosen", "while another wrote", "quotations", "strangers", "unproven")


@pytest.mark.slow
@pytest.mark.soak
async def test_each_reply_reaches_exactly_whom_the_desk_showed(scenario_seed: int) -> None:
    rng, counts = random.Random(scenario_seed), Counter[str]()
    for number in range(_THREADS):
        people = rng.sample(PEOPLE, rng.randint(1, len(PEOPLE)))
        thread = MailThread(SETTINGS, rng, number, people, proven=rng.random() < 0.7)
        await thread.write()
        for _ in range(rng.randint(1, 5)):
            kind = rng.choice(["write", "write", "reply", "reply", "reply", "stranger"])
            if kind == "write":
                await thread.write()
            elif kind == "stranger":
                await thread.deliver(STRANGER, people, proven=False)
                counts["strangers"] += 1
            else:
                await _replied(thread, rng, counts)
        await _replied(thread, rng, counts)
        counts["unproven"] += not thread.proven
    assert all(counts[name] for name in _SEEN), counts


async def _replied(thread: MailThread, rng: random.Random, counts: Counter[str]) -> None:
    shown, named = thread.shown(), set(thread.readers_of_last)
    known = sorted({one for got in thread.got.values() for one in got})
    chosen = rng.sample(known, rng.randint(1, len(known))) if rng.random() < 0.2 else []
    meanwhile = rng.random() < 0.3
    to, sent = await thread.reply(chosen=chosen, meanwhile=meanwhile)
    expected = set(chosen) if chosen else shown
    assert set(to) == expected, (thread.number, to, expected)
    assert len(to) == len(expected) == len(set(to))
    assert _header(sent) == to
    assert expected <= set(known)
    assert chosen or (shown == named if thread.proven else shown <= named), (thread.number, shown, named)
    assert STRANGER not in to
    assert not [one for one in to if "reply" in one or "daemon" in one or one == SETTINGS.account]
    subject = MARK.findall(str(sent["Subject"]))
    assert chosen or meanwhile or all(set(to) <= thread.got[mark] for mark in subject), (thread.number, subject, to)
    text = sent.get_body(("plain",))
    quoted = MARK.findall(text.get_content()) if text is not None else []
    assert all(set(to) <= thread.got[mark] for mark in quoted), (thread.number, quoted, to)
    counts.update({"replies": 1, "quotations": len(quoted), "chosen": bool(chosen), "while another wrote": meanwhile})
    counts["to one" if len(to) == 1 else "to several"] += 1


def _header(sent: EmailMessage) -> list[str]:
    return [one.addr_spec for name in ("To", "Cc") if sent[name] for one in sent[name].addresses]
