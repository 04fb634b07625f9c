"""How staff open a case for somebody's message: by a shortcut's form, or by an emoji. Slack tells neither of them the words.

So the message is fetched before the order is stored: both are stored in one commit, and what cannot be fetched now is sent
again by Slack, or by whoever filled the form in.
"""

from __future__ import annotations

import asyncio
import contextlib

from channels.slack import wire
from channels.slack.client import Refused, SlackClient
from channels.slack.parse import FOUND, team_of
from channels.slack.place import Place, slack_id, timestamp
from channels.slack.views import StaffHome, read_form
from channels.slack.wire import Json
from channels.slack.workspaces import Workspaces
from core.domain.errors import HubError, InvalidInput, Overloaded
from core.domain.messages import StaffAction

_SECONDS = 1.5
_BEFORE = 0.001


async def with_message(payload: Json, emoji: str, home: StaffHome | None, workspaces: Workspaces) -> Json:
    """The payload with the message that it is about, if it is such an order by staff. Raises Overloaded.

    ``emoji``: Slack's name of the one that opens a case; empty for none.
    """
    order = _order(payload, emoji)
    if order is None:
        return payload
    place, user, by_emoji = order
    try:
        if home is None or not await home.is_staff(user):
            return payload
        found = await message_at(await workspaces.client(place.team), place)
    except Refused as error:
        if by_emoji:  # gone, or where the app is not
            return payload
        raise Overloaded(error.detail) from error
    except (HubError, TimeoutError) as error:
        raise Overloaded("Slack does not say what the message is.") from error
    return payload if found is None else {**payload, FOUND: {**found, "channel": place.channel}}


def _order(payload: Json, emoji: str) -> tuple[Place, str, bool] | None:
    """The message that an order is about, who gives it, and whether by an emoji. None for anything else."""
    event = payload.get("event")
    with contextlib.suppress(InvalidInput):
        if (
            isinstance(event, dict)
            and event.get("type") == "reaction_added"
            and emoji
            and event.get("reaction") == emoji
        ):
            item = wire.part(event, "item")
            channel, ts = slack_id(item.get("channel")), timestamp(item.get("ts"))
            return Place(team_of(payload), channel, ts), slack_id(event.get("user")), True
        if payload.get("type") == "view_submission" and (form := read_form(payload)).name == StaffAction.OPEN_CASE:
            return Place.of(form.metadata.get("message", "")), form.user, False
    return None


async def message_at(client: SlackClient, place: Place) -> Json | None:
    """The message itself: Slack takes the time of any message for that of a thread
    (docs.slack.dev/reference/methods/conversations.replies). None where it is gone. Raises HubError; and TimeoutError, as
    Slack waits three seconds for its own answer.
    """
    ts = timestamp(place.thread_ts)
    async with asyncio.timeout(_SECONDS):
        async for page in client.replies(place.channel, ts, oldest=f"{float(ts) - _BEFORE:.6f}"):
            return next((one for one in page if one.get("ts") == ts), None)
    return None
