"""What of a card and of a form's post only Slack knows: the addresses of posts, and which post a form became."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from channels.slack.client import SlackClient
from channels.slack.place import Sent, message_id
from core.domain.case import DESK, Case, feed
from core.domain.conversation import OwnershipState
from core.domain.errors import HubError
from core.domain.issues import ISSUES
from core.domain.keys import ConversationKey
from core.domain.ticket import numbers_in
from core.ports.case_files import CaseFiles
from core.ports.channel_memory import ChannelMemory
from handoff.slack.card import MOST_FIELDS, card

_FORM = "v/"
"""What names a form that was sent off, where a message of somebody's would be named."""
_MOST = 1_000

Root = Callable[[ConversationKey], Awaitable[Sent | None]]


def is_form(named: str) -> bool:
    """Whether a sign is meant for what came from a form, which is no message of anybody's."""
    return named.startswith(_FORM)


class CardLinks:
    """``account``: the desk's. ``root``: where a case's thread is. ``tracks``: whether it shows issues. What cannot
    be found out is left out: a card without addresses is still a card.
    """

    def __init__(
        self, files: CaseFiles, memory: ChannelMemory, account: str, language: str, root: Root, tracks: bool
    ) -> None:
        self._files = files
        self._root = root
        self._tracks = tracks
        self._memory = memory
        self._account = account
        self._language = language
        self._known: dict[str, str] = {}

    async def blocks(
        self, client: SlackClient, feed: ConversationKey, facts: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """The card with what it could not say before its thread was there. Raises StoreUnavailable."""
        places = [one["place"] for one in facts.get("summary", ()) if one.get("place")]
        shown = await self._files.shown_at(feed.conversation_id, places) if places else {}
        links = {place: link for place, at in shown.items() if (link := await self._address(client, at))}
        if facts["state"] == OwnershipState.QUEUED:
            since = await self._files.queued_since(Case.home(feed.thread))
            facts = {**facts, "queued_at": since.timestamp() if since else None}
        if self._tracks:
            facts = {**facts, ISSUES: await self._files.issues(self._account, feed.thread)}
        return card(facts, self._language, links, await self._others(client, facts))

    async def became(self, form: str, sent: Sent) -> None:
        """A form was posted: its signs are put there. Raises StoreUnavailable."""
        if is_form(form):
            await self._memory.remember(DESK, self._account, f"form/{form}", message_id(sent.channel, sent.ts))

    async def sign_on(self, named: str) -> str | None:
        """The post that a form became. Raises StoreUnavailable."""
        return await self._memory.recall(DESK, self._account, f"form/{named}")

    async def _others(self, client: SlackClient, facts: Mapping[str, Any]) -> dict[str, str]:
        """The addresses of the cases that the card names: the one before, and those that it is merged with."""
        earlier, found = facts.get("earlier"), {}
        merged = list(filter(numbers_in, facts.get("fields") or ()))[:MOST_FIELDS]
        for name in [*([str(earlier["case"])] if earlier else []), *merged]:
            case_id = await self._files.case_named(name)
            root = await self._root(feed(self._account, case_id)) if case_id else None
            if root and (address := await self._address(client, message_id(root.channel, root.ts))):
                found[name] = address
        return found

    async def _address(self, client: SlackClient, provider_id: str) -> str | None:
        if provider_id not in self._known:
            if len(self._known) >= _MOST:
                self._known.clear()
            with contextlib.suppress(HubError):
                self._known[provider_id] = await client.permalink(Sent.named(provider_id))
        return self._known.get(provider_id)
