"""What each message keeps of where it came from, so that a turn counts strangers as the door does."""

from __future__ import annotations

from pathlib import Path

from channels.web.settings import WebSettings
from channels.web.tokens import ACCOUNT, CHANNEL
from core.domain.budget import ORIGIN
from core.domain.keys import ConversationKey
from core.domain.messages import Author
from tests.integration.web.rig import KEY, Rig, running


async def kept_of(rig: Rig, address: str) -> str:
    """Of a message from that address, as a trusted proxy names it."""
    session = await rig.session()
    path = f"/api/chat/sessions/{session['session_id']}/messages"
    headers = {"X-Forwarded-For": address}
    status, answer, _ = await rig.call("POST", path, session["token"], json={"message": "Hi"}, headers=headers)
    assert status == 200, answer
    found = await rig.store.messages(ConversationKey(CHANNEL, ACCOUNT, session["session_id"]).conversation_id)
    (said,) = [message for message in found if message.author is Author.CUSTOMER]
    return str(said.meta[ORIGIN])


async def test_a_message_keeps_its_address_and_of_ipv6_its_network_as_hashes(tmp_path: Path) -> None:
    async with running(tmp_path, WebSettings(secret_keys=(KEY,), trusted_proxies=("127.0.0.0/8",))) as rig:
        one, same, near = [await kept_of(rig, f"2001:db8:1:{end}") for end in ("1::1", "1::2", "2::1")]
        far, old = await kept_of(rig, "2001:db8:2:1::1"), await kept_of(rig, "198.51.100.7")
    assert one == same
    (address, network), (next_address, next_network) = one.split("/"), near.split("/")
    assert address != next_address
    assert network == next_network
    assert far.split("/")[1] != network
    assert "/" not in old
    assert not [found for found in (one, near, far, old) if "2001" in found or "198.51" in found]
