"""The desk's edits, from what customers' answers leave of the workspace's: a card that has to wait is shown later as it is then.

Its newest state is remembered under ``card/<case>`` until it is shown. All processes look there about once a minute, so that
another one goes on with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from channels.slack.client import SlackClient
from channels.slack.edits import Edits, Grants
from channels.slack.place import Place, Sent
from channels.slack.wire import Block, Metadata
from core.domain.case import DESK, feed
from core.domain.errors import HubError, RateLimited, Rejected
from core.domain.keys import ConversationKey
from core.end_tasks import end_tasks
from core.ports.surroundings import Surroundings
from handoff.slack.card_links import CardLinks
from handoff.slack.case_threads import MARK, CaseThreads

_AGAIN: Final = 2.0
"""Seconds between two looks at what is left."""
_LOOK: Final = 60.0
"""Seconds between two looks at what other processes remember."""
_KEY: Final = "card/"
_log = structlog.get_logger(__name__)


class DeskEdits:
    """``account``: the desk's; ``heard_by``: of the app whose edits are counted."""

    def __init__(
        self,
        around: Surroundings,
        account: str,
        heard_by: str,
        threads: CaseThreads,
        links: CardLinks,
        client: Callable[[], SlackClient],
    ) -> None:
        self._memory = around.memory
        self._account = account
        self._edits = Edits(around.paces, heard_by, around.clock)
        self._threads = threads
        self._links = links
        self._client = client
        self._team: str | None = None
        self._left: dict[str, None] = {}
        self._news = asyncio.Event()
        self._showing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on with what was left by a process that ended."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """What is left stays remembered."""
        task, self._task = self._task, None
        await end_tasks(task)

    async def edit(self, shown: Sent, text: str, blocks: Sequence[Block], metadata: Metadata) -> Sent | None:
        """The message as it is now; None where no edit is left. Raises ChannelError."""
        grants = await self._grants(shown.channel)
        if not await grants.take():
            return None
        return await self._update(grants, shown, text, blocks, metadata)

    async def card(self, place: ConversationKey, root: Sent, body: Mapping[str, Any], key: str) -> None:
        """Show a case's card, or remember its state in place of an earlier one. Raises ChannelError, StoreUnavailable."""
        named = _KEY + place.thread
        async with self._showing:
            if await self._show(place, root, body, key):
                if await self._memory.recall(DESK, self._account, named) is not None:
                    await self._memory.forget(DESK, self._account, named)
                return
            await self._memory.remember(DESK, self._account, named, json.dumps({**body, "key": key}))
        self._left[place.thread] = None
        self._news.set()

    async def _show(self, place: ConversationKey, root: Sent, body: Mapping[str, Any], key: str) -> bool:
        """False where no edit is left; answers need them more."""
        grants = await self._grants(root.channel)
        if not await grants.take(spare=True):
            return False
        try:
            blocks: list[Any] = await self._links.blocks(self._client(), place, body["facts"])
            text = str(body["text"])
        except Exception:
            grants.give_back()
            raise
        metadata: Metadata = {"event_type": MARK, "event_payload": {"key": key, "case": place.thread}}
        return await self._update(grants, root, text, blocks, metadata) is not None

    async def _update(
        self, grants: Grants, shown: Sent, text: str, blocks: Sequence[Block], metadata: Metadata
    ) -> Sent | None:
        try:
            return await self._client().update(shown, text, blocks=blocks, metadata=metadata)
        except RateLimited as error:
            await grants.hold_back(error.retry_after)
            return None

    async def _grants(self, channel: str) -> Grants:
        if self._team is None:
            self._team = (await self._client().identity()).team
        return self._edits.grants_for(Place(self._team, channel))

    async def _run(self) -> None:
        now = asyncio.get_running_loop().time
        look_at = now()
        while True:
            try:
                if now() >= look_at:
                    known = await self._memory.recall_all(DESK, self._account, _KEY)
                    self._left.update(dict.fromkeys(key.removeprefix(_KEY) for key in known))
                    look_at = now() + _LOOK
                await self._refresh_all()
            except HubError as error:
                _log.warning("desk.cards_wait", error=error.detail)
            except Exception:
                _log.exception("desk.cards_failed")
            if not self._left:
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(look_at):
                        await self._news.wait()
            await asyncio.sleep(_AGAIN)

    async def _refresh_all(self) -> None:
        """As long as edits are left. A card that cannot be shown now comes after the others the next time."""
        for case_id in list(self._left):
            try:
                async with self._showing:
                    if not await self._refresh(feed(self._account, case_id)):
                        return
            except HubError as error:
                _log.warning("desk.card_waits", case=case_id, error=error.detail)
                self._left.pop(case_id, None)
                self._left[case_id] = None

    async def _refresh(self, place: ConversationKey) -> bool:
        """False where no edit is left. A state that another process remembers meanwhile is kept."""
        named = _KEY + place.thread
        value = await self._memory.recall(DESK, self._account, named)
        if value is not None:
            if not await self._show_remembered(place, value):
                return False
            await self._memory.forget(DESK, self._account, named, value)
        self._left.pop(place.thread, None)
        return True

    async def _show_remembered(self, place: ConversationKey, value: str) -> bool:
        """False where no edit is left. A card that is gone has been shown anew; one that cannot be read is dropped."""
        try:
            root = await self._threads.root(place)
            if root is None:
                return True
            body = json.loads(value)
            return await self._show(place, root, body, body["key"])
        except Rejected as error:
            _log.warning("desk.card_not_refreshed", case=place.thread, error=error.detail)
        except HubError:
            raise
        except Exception:
            _log.exception("desk.card_dropped", case=place.thread)
        return True
