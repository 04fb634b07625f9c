"""To whom nothing may be sent: who wrote STOP, and who wrote too long ago on WhatsApp. And what a keyword is answered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from channels.sms import keywords
from channels.sms.address import Address
from channels.sms.keywords import Keyword, Wish
from channels.sms.parse import CHANNEL
from core.domain.errors import Rejected
from core.ports.channel_memory import ChannelMemory

_OUT, _IN = "out", "in"
_HANDLED = "keyword/"
_OPEN = timedelta(hours=24)
_MARGIN = timedelta(minutes=1)
_COARSE = timedelta(minutes=10)
"""A conversation under way is noted this often, not with each message; Twilio itself decides about these minutes."""


class Consent:
    """Kept by the customer's address, over all numbers of the account: somebody who says stop means all of us."""

    def __init__(self, memory: ChannelMemory, account: str, company: str, *, twilio_keywords: bool) -> None:
        self._memory = memory
        self._account = account
        self._company = company
        self._twilio_keywords = twilio_keywords

    @staticmethod
    def key(address: str) -> str:
        """Where the memory holds it."""
        return f"consent/{address}"

    @staticmethod
    def check(address: str, kept: str | None) -> None:
        """``kept``: what the memory holds. Raises Rejected for somebody who said stop."""
        if kept is not None and kept.startswith(_OUT):
            when = kept.partition(" ")[2][:16].replace("T", " ")
            raise Rejected(f"{address} wrote STOP ({when} UTC): nothing is sent until they write START.")

    async def heard(self, sid: str, theirs: Address, keyword: Keyword, at: datetime) -> str | None:
        """Do as the customer wishes, durably; the same twice does no harm. What to reply, None when Twilio replied.

        ``sid``: the message that is the keyword. ``at``: when the customer wrote it, as well as that is known.
        """
        if keyword.wish is Wish.STOP:
            await self.stopped(theirs.value, at)
        elif keyword.wish is Wish.START:
            await self._note(theirs.value, _IN, at)
        await self._memory.remember(CHANNEL, self._account, _HANDLED + sid, at.isoformat())
        return self._reply(theirs, keyword)

    async def stopped(self, address: str, at: datetime) -> None:
        """Nothing is sent from now on."""
        await self._note(address, _OUT, at)

    async def affirmed(self, address: str, at: datetime) -> None:
        """YES opts in whom STOP had opted out, and means nothing to anybody else."""
        kept = await self._memory.recall(CHANNEL, self._account, self.key(address))
        if kept is not None and kept.startswith(_OUT):
            await self._note(address, _IN, at)

    async def handled(self, sids: Collection[str]) -> set[str]:
        """Those of the messages that were keywords and are dealt with."""
        found = await self._memory.recall_many(CHANNEL, self._account, [_HANDLED + sid for sid in sids])
        return {key.removeprefix(_HANDLED) for key in found}

    async def forget_handled(self, before: datetime) -> None:
        """Keywords that no catching up will meet again."""
        for key, at in (await self._memory.recall_all(CHANNEL, self._account, _HANDLED)).items():
            if datetime.fromisoformat(at) < before - timedelta(hours=1):
                await self._memory.forget(CHANNEL, self._account, key)

    async def _note(self, address: str, state: str, at: datetime) -> None:
        """The customer's newest word counts, in whatever order the words arrive."""
        key = self.key(address)
        while True:
            kept = await self._memory.recall(CHANNEL, self._account, key)
            if kept is not None and datetime.fromisoformat(kept.partition(" ")[2]) > at:
                return
            if await self._memory.replace(CHANNEL, self._account, key, kept, f"{state} {at.isoformat()}"):
                return

    def _reply(self, theirs: Address, keyword: Keyword) -> str | None:
        """Twilio confirms its own English words on telephone numbers, and blocks ours after STOP; not on WhatsApp."""
        confirmed = keyword.default and self._twilio_keywords and not theirs.whatsapp
        if keyword.twilio_answers or (confirmed and keyword.wish is not Wish.HELP):
            return None
        language = keyword.language or keywords.language_of(theirs.region)
        return keywords.reply(keyword.wish, language, self._company)


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
