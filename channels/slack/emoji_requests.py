"""An emoji on a message asks the agent about it, where the mode of the channel says so: as if the message mentioned the app."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import structlog

from channels.group_modes import Mode, Modes
from channels.slack import wire
from channels.slack.case_orders import message_at
from channels.slack.colleagues import OUTSIDE, Colleagues
from channels.slack.names import Directory
from channels.slack.parse import Reader, own_user, team_of
from channels.slack.place import Place, slack_id, timestamp
from channels.slack.wire import Json
from channels.slack.workspaces import Workspaces
from core.domain.errors import HubError, InvalidInput, Overloaded, Rejected
from core.domain.messages import InboundEvent, MessageReceived

_LOOKED_AT = 20
"""People who put one emoji on a message, of whom one has to be of the staff."""
_log = structlog.get_logger(__name__)


class EmojiRequests:
    """``emoji``: its name at Slack, such as ``robot_face``."""

    def __init__(self, modes: Modes, emoji: str, colleagues: Colleagues, directory: Directory) -> None:
        self.modes = modes
        self.colleagues = colleagues
        self._emoji = emoji
        self._directory = directory

    async def events(self, payload: Json, workspaces: Workspaces, reader: Reader) -> list[InboundEvent]:
        """The message that an event marks; none where it marks nothing, or a colleague's words. Raises Overloaded: ask again."""
        marked = self._marked(payload)
        if marked is None or marked[0] in reader.staff_channels:
            return []
        channel, ts, user = marked
        try:
            team, own = team_of(payload), own_user(payload)
            if user == own or not await self._may_ask(workspaces, team, channel, [user]):
                return []
            message = await message_at(await workspaces.client(team), Place(team, channel, ts))
            if message is None:
                return []
            await self.colleagues.meet(workspaces, team, channel, [message])
            return customers_words(
                reader, asked({**message, "channel": channel, OUTSIDE: payload.get(OUTSIDE)}), team, own
            )
        except (Rejected, InvalidInput) as error:
            _log.warning("slack.marked_message_not_read", channel=channel, error=error.detail)
            return []
        except (HubError, TimeoutError) as error:
            raise Overloaded("Slack does not say what the marked message is.") from error

    async def were_made(self, workspaces: Workspaces, team: str, channel: str, message: Json, own: str | None) -> bool:
        """Whether a message of a channel's history has been marked. Raises HubError."""
        marks = [one for one in wire.parts(message, "reactions") if _name(one.get("name")) == self._emoji]
        named = (one["users"] for one in marks if isinstance(one.get("users"), list))
        users = [user for found in named for user in found if isinstance(user, str) and user != own]
        return bool(users) and await self._may_ask(workspaces, team, channel, users[:_LOOKED_AT])

    def heard_at(self, channel: str) -> bool:
        """Whether an emoji asks there."""
        return self.modes.at(channel) in (Mode.EMOJI, Mode.STAFF_EMOJI)

    def _marked(self, payload: Json) -> tuple[str, str, str] | None:
        """Channel, message and who marked it. What is malformed is told by whoever reads the event."""
        event = payload.get("event")
        if not isinstance(event, dict) or event.get("type") != "reaction_added":
            return None
        with contextlib.suppress(InvalidInput):
            item = wire.part(event, "item")
            channel = slack_id(item.get("channel"))
            if item.get("type") == "message" and _name(event.get("reaction")) == self._emoji and self.heard_at(channel):
                return channel, timestamp(item.get("ts")), slack_id(event.get("user"))
        return None

    async def _may_ask(self, workspaces: Workspaces, team: str, channel: str, users: Sequence[str]) -> bool:
        mode = self.modes.at(channel)
        if mode is not Mode.STAFF_EMOJI:
            return mode is Mode.EMOJI
        await self.colleagues.learn_teams(workspaces)
        await self._directory.learn(await workspaces.client(team), users, [])
        return any(self.colleagues.include(user, {OUTSIDE: True}) for user in users)  # wherever the channel is


def asked(message: Json) -> Json:
    """The message as if it mentioned the app."""
    return {**message, "type": "app_mention"}


def customers_words(reader: Reader, message: Json, team: str, own: str | None) -> list[InboundEvent]:
    """A message as events, unless a colleague wrote it. Raises InvalidInput."""
    found = reader.message(message, team, own=own)
    return [one for one in found if not (isinstance(one, MessageReceived) and one.by_staff)]


def _name(reaction: object) -> str:
    """Without its skin tone."""
    return reaction.partition("::")[0] if isinstance(reaction, str) else ""
