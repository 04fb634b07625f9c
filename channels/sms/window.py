"""WhatsApp's customer service window: free text only within 24 hours after the customer's last message (error 63016)."""

from __future__ import annotations

from datetime import datetime, timedelta

from channels.sms.parse import CHANNEL
from core.domain.errors import Rejected
from core.ports.channel_memory import ChannelMemory

_OPEN = timedelta(hours=24)
_MARGIN = timedelta(minutes=1)
_COARSE = timedelta(minutes=10)
"""A conversation under way is noted this often, not with each message; Twilio itself decides about these minutes."""


class Window:
    """When each WhatsApp customer wrote last."""

    def __init__(self, memory: ChannelMemory, account: str) -> None:
        self._memory = memory
        self._account = account

    @staticmethod
    def key(address: str) -> str:
        """Where the memory holds it."""
        return f"window/{address}"

    @staticmethod
    def is_open(kept: str | None, now: datetime) -> bool:
        """Whether free text is taken for certain."""
        return kept is not None and now - datetime.fromisoformat(kept) < _OPEN - _MARGIN

    @staticmethod
    def check(kept: str | None, now: datetime) -> None:
        """``kept``: what the memory holds; None where nobody knows, which Twilio then does. Raises Rejected."""
        if kept is not None and now - datetime.fromisoformat(kept) > _OPEN + _COARSE:
            raise Rejected(
                f"The customer wrote last at {kept[:16].replace('T', ' ')} UTC. WhatsApp takes free text only within 24 hours "
                "after that (error 63016): wait until they write again, call them, or set TWILIO_WHATSAPP_TEMPLATE."
            )

    async def opened(self, address: str, at: datetime) -> None:
        """The customer wrote."""
        key = self.key(address)
        kept = await self._memory.recall(CHANNEL, self._account, key)
        if kept is None or at - datetime.fromisoformat(kept) > _COARSE:
            await self._memory.remember(CHANNEL, self._account, key, at.isoformat())
