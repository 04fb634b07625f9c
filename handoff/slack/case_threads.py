"""Where a case's thread is in Slack, and how it goes on in another one when that is gone or has moved.

The first message of a case is its card, and its thread is the case's. People delete cards, archive channels and choose others:
then the card is posted again, with what was said so far below it, and everything that follows goes there.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels.slack.client import Refused, SlackClient
from channels.slack.place import CHANNEL, Place, Sent, message_id, time_of
from channels.slack.settings import STAFF_CHANNEL
from channels.slack.wire import Metadata, Posted
from core.domain.case import Case
from core.domain.conversation import OwnershipState
from core.domain.errors import ChannelError, HubError, Rejected
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message, MessageKind, OutboundMessage, Receipt
from core.ports.cases import Cases
from core.ports.channel_memory import ChannelMemory
from core.ports.store import NewMessage
from handoff import posts
from handoff.people import People
from handoff.records import Conversations, last_in
from handoff.slack.posts import bodies
from handoff.slack.rich_text import Link, fallback, paragraph, small, spaced, words
from handoff.slack.transcript import transcript
from handoff.texts import say

MARK = "switchboard_desk"
PAGES = 5
_LATEST = 100
_WHOLE = 1_000_000
"""More pieces than any message has."""


@dataclass(slots=True, eq=False)
class CaseThreads:
    """``account``: of the Slack channel that hears the staff, in whose memory this is kept:

    ``thread/<case>``: where a case is now, when it is not where it began. ``case/<channel>/<ts>``: the case of such a thread.
    """

    memory: ChannelMemory
    cases: Cases
    records: Conversations
    people: People
    account: str
    locale: str
    _team: str | None = field(default=None, init=False)

    async def root(self, feed: ConversationKey) -> Sent | None:
        """The message under which a case is told. None where Slack took none: then what comes is the first.

        Raises StoreUnavailable.
        """
        moved = await self.memory.recall(CHANNEL, self.account, f"thread/{feed.thread}")
        found = moved or await self.cases.first_shown(feed.conversation_id)
        return None if found is None else Sent.named(found)

    async def team(self, feed: ConversationKey) -> str | None:
        """The team that a case is for, as its card says. Raises StoreUnavailable."""
        return (await self.cases.card(feed.account, feed.thread)).get("team")

    async def case_of(self, place: Place) -> str | None:
        """The case that was shown anew there. Raises StoreUnavailable."""
        return await self.memory.recall(CHANNEL, self.account, f"case/{place.channel}/{place.thread_ts}")

    async def begun(self, client: SlackClient, sent: Sent) -> None:
        """A thread of staff. The hub looks through it after an outage, and nobody in its channel is a customer from now on."""
        if self._team is None:
            self._team = (await client.identity()).team
        note = json.dumps({"ts": sent.ts, "user": ""})
        place = Place(self._team, sent.channel, sent.ts)
        await self.memory.remember(CHANNEL, self.account, f"seen/{place}", note)
        await self.memory.remember(CHANNEL, self.account, f"{STAFF_CHANNEL}{sent.channel}", sent.ts)

    async def again(self, client: SlackClient, feed: ConversationKey, before: Sent, channel: str) -> Sent:
        """The card in ``channel``, with what was said so far below it. Done in the middle of it, it is gone on with.

        Raises ChannelError, StoreUnavailable.
        """
        case = await self.cases.case(feed.thread)
        if case is None:
            raise Rejected(f"There is no case {feed.thread}.")
        link = await _link(client, before)
        root = await self._posted(client, feed.thread, before, channel)
        if root is None:
            root = await self._card(client, feed, case, before, channel, link)
        await self._transcript(client, feed, case, root)
        await self.memory.remember(CHANNEL, self.account, f"case/{root.channel}/{root.ts}", case.id)
        await self.memory.remember(CHANNEL, self.account, f"thread/{case.id}", message_id(root.channel, root.ts))
        with contextlib.suppress(HubError):
            await self.begun(client, root)
        if link is not None:
            with contextlib.suppress(ChannelError):
                await self._linked(
                    client, before, await client.permalink(root), say("staff_moved_away", self.locale), None
                )
        return root

    async def _posted(self, client: SlackClient, case_id: str, before: Sent, channel: str) -> Sent | None:
        """The card that an earlier try posted, known by what it carries unseen."""
        wanted = message_id(before.channel, before.ts)
        read = 0
        async for page in client.history(channel):
            for message in page:
                seen = mark_of(message)
                if seen.get("case") == case_id and seen.get("instead_of") == wanted:
                    return Sent(channel, str(message.get("ts")))
            read += 1
            if read == PAGES:
                break
        return None

    async def _card(
        self, client: SlackClient, feed: ConversationKey, case: Case, before: Sent, channel: str, link: str | None
    ) -> Sent:
        facts = await self.cases.card(feed.account, feed.thread)
        conversation = await self.records.conversation(case.conversation_id)
        state = OwnershipState.QUEUED if conversation is None else conversation.state
        owner = conversation.owner if conversation is not None else None
        named = await self.people.called(owner) if owner else None
        shown = OwnershipState.RESOLVED if case.closed_at else state
        card = posts.card_now(facts, shown, named, snoozed_until=facts.get("snoozed_until"))
        body = bodies(_outbound(feed, card), self.locale)[0]
        moved = say("staff_moved_here", self.locale)
        note = (Link(link, moved),) if link else words(moved)
        blocks: list[Any] = [*body["blocks"], *small(note)]
        payload = {"case": case.id, "instead_of": message_id(before.channel, before.ts)}
        return await client.post_message(
            channel, body["text"], blocks=blocks, metadata={"event_type": MARK, "event_payload": payload}
        )

    async def _transcript(self, client: SlackClient, feed: ConversationKey, case: Case, root: Sent) -> None:
        """Every message once. Each piece carries unseen up to where it tells, and what is left is cut anew: messages come, are
        changed and are deleted while nobody is at it.
        """
        told = _Progress(0)
        async for page in client.replies(root.channel, root.ts):
            told = max([told, *(_progress_of(message) for message in page)])
        said = [one for one in await self._shown_before(case) if not told.whole(one.seq)]
        places = {one.id: one.seq for one in said}
        for piece in (one for post in posts.transcript(said) for one in transcript(post.meta, self.locale)):
            upto = _Progress(places[piece.last], piece.goes_on or _WHOLE)
            if upto <= told:
                continue
            payload = {"case": case.id, "told": str(upto.seq), "piece": str(upto.piece)}
            metadata: Metadata = {"event_type": MARK, "event_payload": payload}
            blocks: list[Any] = list(piece.blocks)
            text = fallback(piece.told)
            await client.post_message(root.channel, text, blocks=blocks, thread_ts=root.ts, metadata=metadata)

    async def _shown_before(self, case: Case) -> Sequence[Message]:
        """The last of the conversation, without what is only about to be shown: that follows by itself."""
        said = await last_in(self.records, case.conversation_id, _LATEST)
        copies = await self.cases.copies([message.id for message in said])
        shown = await self.cases.shown_as(list(copies.values()))
        return [message for message in said if message.id not in copies or copies[message.id] in shown]

    async def link_to_case(
        self, client: SlackClient, earlier: ConversationKey, root: Sent, text: str, metadata: Metadata
    ) -> Receipt:
        """A line in the thread of the case before. Where that is gone, nobody reads there. Raises StoreUnavailable."""
        before = await self.root(earlier)
        link = await _link(client, root)
        if before is None or link is None or await _link(client, before) is None:
            return Receipt()
        with contextlib.suppress(Refused):
            await self._linked(client, before, link, text, metadata)
        return Receipt()

    async def direct(
        self, client: SlackClient, root: Sent | None, body: Mapping[str, Any], metadata: Metadata
    ) -> Receipt:
        """A direct message with the way to the case, if there is one; nothing for somebody who has none any more."""
        with contextlib.suppress(Refused):
            link, channel = root and await _link(client, root), await client.open_direct(body["to"])
            line = spaced(words(body["text"]), (Link(link, say("card_see", self.locale)),) if link else ())
            blocks: list[Any] = [paragraph(line)]
            sent = await client.post_message(channel, fallback(line), blocks=blocks, metadata=metadata)
            return receipt_of(sent) if root else Receipt()  # what is shown first in a feed would be its case's card
        return Receipt()

    async def _linked(self, client: SlackClient, before: Sent, link: str, text: str, metadata: Metadata | None) -> None:
        """A line in an old thread, for whoever is still reading there."""
        linked = (Link(link, text),)
        blocks: list[Any] = small(linked)
        told = fallback(linked)
        await client.post_message(before.channel, told, blocks=blocks, thread_ts=before.ts, metadata=metadata)


@dataclass(frozen=True, slots=True, order=True)
class _Progress:
    """Up to where it was told what was said: a message of the conversation, and how many pieces of it."""

    seq: int
    piece: int = _WHOLE

    def whole(self, seq: int) -> bool:
        """Whether nothing of that message is left."""
        return _Progress(seq) <= self


def _progress_of(message: Posted) -> _Progress:
    mark = mark_of(message)
    return _Progress(int(mark.get("told", 0)), int(mark.get("piece", _WHOLE)))


async def _link(client: SlackClient, to: Sent) -> str | None:
    """None where it is gone: a link to nothing helps nobody."""
    with contextlib.suppress(ChannelError):
        return await client.permalink(to)
    return None


def _outbound(feed: ConversationKey, post: NewMessage) -> OutboundMessage:
    return OutboundMessage("", feed, Author.SYSTEM, post.text, MessageKind.NOTICE, meta=post.meta)


def mark_of(message: Posted) -> Mapping[str, Any]:
    """What a message of the desk's carries unseen."""
    found: object = message.get("metadata")
    if not isinstance(found, dict) or found.get("event_type") != MARK:
        return {}
    payload = found.get("event_payload")
    return payload if isinstance(payload, dict) else {}


def receipt_of(sent: Sent) -> Receipt:
    """Of a message whose later changes are followed."""
    return Receipt(message_id(sent.channel, sent.ts), time_of(sent.ts), tracked=True)
