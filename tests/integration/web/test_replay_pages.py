"""A page of a replay is bounded by what it weighs, since a client that does not read keeps it in memory."""

from __future__ import annotations

from pathlib import Path

from channels.web.tokens import ACCOUNT, CHANNEL
from core.domain.keys import ConversationKey
from core.domain.messages import Author
from tests.integration.web.rig import running
from tests.integration.web.test_slow_clients import LONG, SETTINGS

_COUNT = 20


async def test_long_messages_make_short_pages_that_follow_one_another(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as rig:
        session = await rig.session()
        for number in range(_COUNT):
            await rig.say(session, LONG, f"c{number}", query="?wait=0")
        live, conversation = rig.channel._live, ConversationKey(CHANNEL, ACCOUNT, session["session_id"]).conversation_id
        place, said = 0, 0
        while page := await live.page(conversation, place):
            assert sum(len(shown.text.encode()) for shown in page[:-1]) < 256 * 1024
            said += sum(
                (message := shown.logged.message) is not None and message.author is Author.CUSTOMER for shown in page
            )
            place = page[-1].cursor
        assert said == _COUNT
