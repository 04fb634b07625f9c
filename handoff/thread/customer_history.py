"""Staff search what was said with a case's customer before: ``@Help history: broken label`` in the case's thread."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.case import Case
from core.domain.conversation import Sharing
from core.ports.cases import Cases
from core.ports.memories import HistorySearch, Said
from core.ports.store import NewMessage
from core.ports.tickets import Holder
from handoff import posts
from handoff.records import DeskRecords
from handoff.settings import HandoffSettings
from handoff.texts import quoted, say

_COMMANDS = ("history:", "verlauf:", "historique:", "historial:", "السجل:")
_LONGEST_QUERY = 300
_QUOTED = 200


def history_query(text: str) -> str | None:
    """Return what is looked for; empty where nothing stands behind the command, None for any other question."""
    head, colon, query = text.strip().partition(":")
    is_command = f"{head.strip().casefold()}{colon}" in _COMMANDS
    return query.strip()[:_LONGEST_QUERY] if is_command else None


class CustomerHistory:
    """Reads what the case's customer may see of themselves, and leaves out cases of teams that other people read."""

    def __init__(
        self, search: HistorySearch, records: DeskRecords, cases: Cases, account: str, settings: HandoffSettings
    ) -> None:
        self._search = search
        self._records = records
        self._cases = cases
        self._account = account
        self._settings = settings

    async def posts(self, case: Case, query: str) -> list[NewMessage]:
        """Return what the thread is told: the messages that were found, the oldest first. Raises StoreUnavailable."""
        locale = self._settings.staff_locale
        if not query:
            return [posts.remark(say("staff_history_nothing", locale))]
        found = await self._found(case, query)
        wanted = quoted(query, _QUOTED)
        if not found:
            return [posts.remark(say("staff_history_none", locale, query=wanted))]
        return [posts.remark(say("staff_history_found", locale, query=wanted)), posts.search_post(found)]

    async def _found(self, case: Case, query: str) -> Sequence[Said]:
        customer = await self._records.customer(case.conversation_id, case.id)
        conversation = await self._records.conversation(case.conversation_id)
        if customer is None or conversation is None:
            return ()
        private = conversation.shared is Sharing.NEVER
        said = await self._search(Holder.of(customer, conversation.id, private=private), query)
        readers = await self._staff_channel(case)
        channels = {one: await self._staff_channel_of_last_case(one) for one in {one.conversation_id for one in said}}
        seen = [one for one in said if channels[one.conversation_id] in (None, readers)]
        return sorted(seen, key=lambda one: one.at)

    async def _staff_channel_of_last_case(self, conversation_id: str) -> str | None:
        """Return None for a conversation in which nobody was ever needed."""
        last = await self._cases.last_case(conversation_id)
        return await self._staff_channel(last) if last is not None else None

    async def _staff_channel(self, case: Case) -> str:
        """Return the channel of the case's team; empty for the one of all staff."""
        team = (await self._cases.card(self._account, case.id)).get("team")
        return next((one.channel or "" for one in self._settings.teams if one.name == team), "")
