"""Five people in one thread through a real mail server: a reply is in the mailboxes of those whom the desk showed, and no others.

Many more threads, without the server, are in tests/property/test_mail_threads.py.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any
from uuid import uuid4

from core.domain.messages import ANSWERS_TO, Author
from core.domain.readers import READERS, RECIPIENTS, recipients_of
from handoff.places import reply_goes_to
from tests.integration.email_channel.rig import Rig

_PROOF = "mx.example.com; dmarc=pass header.from=customer.example"
_MAILS = 6


async def test_each_reply_is_in_the_mailboxes_of_those_whom_the_desk_showed(rig: Rig, rng: random.Random) -> None:
    run = uuid4().hex[:6]
    people = [f"{name}-{run}@customer.example" for name in ("ann", "bob", "carol", "dora", "emil")]
    inside, last = {people[0]}, ""
    expected: Counter[str] = Counter()
    for number in range(_MAILS):
        writer = rng.choice(sorted(inside))
        named = rng.sample([one for one in people if one != writer], rng.randint(0, 4))
        inside |= {writer, *named}
        to, cc = named[: len(named) // 2], named[len(named) // 2 :]
        headers = {"From": writer, "To": ", ".join([rig.address, *to]), "Cc": ", ".join(cc), "In_Reply_To": last}
        await rig.write(f"Mail {number}", **headers, Authentication_Results=_PROOF)
        event = (await rig.sink.messages(number + 1))[-1]
        await rig.answer(
            event.conversation.thread, f"Reply {number}", f"d{number}", author=Author.STAFF, meta=await _asked(rig)
        )
        taken = [to for to, _ in rig.office.postman.taken[expected.total() :]]
        assert sorted(taken) == sorted([writer, *named])
        expected.update(taken)
        last = rig.office.postman.letters[-1]["Message-ID"]
    assert len({event.conversation for event in rig.sink.received}) == 1
    assert {one: len(await rig.office.mails(one)) for one in expected} == dict(expected)


async def _asked(rig: Rig) -> dict[str, Any]:
    """What the desk makes of the last mail, as it is stored; its line names exactly these people."""
    home = rig.sink.received[-1].conversation.conversation_id
    last = (await rig.store.messages(home))[-1]
    recipients = recipients_of(last.meta)
    line = reply_goes_to(last.meta.get(READERS, ()), "de")
    assert all(one["address"] in line for one in recipients)
    assert line.count("@") == len(recipients)
    answers_to = rig.sink.received[-1].sender.external_id
    return {ANSWERS_TO: answers_to, **({RECIPIENTS: recipients} if recipients else {})}
