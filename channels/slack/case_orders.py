"""How staff open a case for somebody's message: by a shortcut's form, or by an emoji. Slack tells neither of them the words.

So the message is fetched before the order is stored: both are stored in one commit, and what cannot be fetched now is sent
again by Slack, or by whoever filled the form in.
"""

from __future__ import annotations

import asyncio

from channels.slack import wire
from channels.slack.client import SlackClient
from channels.slack.parse import FOUND, team_of
from channels.slack.place import Place, slack_id, timestamp
from channels.slack.refusals import Refused
from channels.slack.views import StaffHome, read_form
from channels.slack.wire import Json
from channels.slack.workspaces import Workspaces
from core.domain.errors import HubError, Overloaded
from core.domain.messages import StaffAction

_SECONDS = 1.5
_BEFORE = 0.001


async def with_message(payload: Json, emoji: str, home: StaffHome | None, workspaces: Workspaces) -> Json:
    """The payload with the message that it is about, if it is such an order by staff. Raises Overloaded, InvalidInput.

    ``emoji``: Slack's name of the one that opens a case; empty for none.
    """
    event = payload.get("event")
    by_emoji = bool(emoji) and isinstance(event, dict) and event.get("type") == "reaction_added"
    if by_emoji and isinstance(event, dict) and event.get("reaction") == emoji:
        item, user = wire.part(event, "item"), slack_id(event.get("user"))
        if item.get("type") != "message":
            return payload
        place = Place(team_of(payload), slack_id(item.get("channel")), timestamp(item.get("ts")))
    elif payload.get("type") == "view_submission" and (form := read_form(payload)).name == StaffAction.OPEN_CASE:
        place, user = Place.of(form.metadata.get("message", "")), form.user
    else:
        return payload
    if home is None or not await home.is_staff(user):
        return payload
    try:
        async with asyncio.timeout(_SECONDS):
            found = await _message(await workspaces.client(place.team), place)
    except Refused as error:
        if by_emoji:  # gone, or where the app is not
            return payload
        raise Overloaded(error.detail) from error
    except (HubError, TimeoutError) as error:
        raise Overloaded("Slack does not say what the message is.") from error
    return payload if found is None else {**payload, FOUND: {**found, "channel": place.channel}}


async def _message(client: SlackClient, place: Place) -> Json | None:
    ts = timestamp(place.thread_ts)
    async for page in client.replies(place.channel, ts, oldest=f"{float(ts) - _BEFORE:.6f}"):
        return next((one for one in page if one.get("ts") == ts), None)
    return None
