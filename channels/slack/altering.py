"""A message of ours, or of the customer's, is changed, taken away or marked: the calls, and what Slack's refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.slack.client import Refused, Sent, SlackClient
from channels.slack.emoji import name_of
from channels.slack.files import marked
from core.domain.alterations import Alteration, Altering
from core.domain.messages import Receipt

EDIT, DELETE, ADD, REMOVE = "chat.update", "chat.delete", "reactions.add", "reactions.remove"
METHODS = frozenset({EDIT, DELETE, ADD, REMOVE})


def bodies(alteration: Alteration, texts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``texts``: the new text as messages; the first takes the old one's place, what does not fit follows it."""
    match alteration.how:
        case Altering.EDIT:
            return [{**texts[0], "method": EDIT, "of": alteration.of[0]}, *texts[1:]]
        case Altering.DELETE:
            return [{"method": DELETE, "of": one} for one in alteration.of]
        case Altering.REACT:
            method = ADD if alteration.present else REMOVE
            return [{"method": method, "of": alteration.of[0], "name": name_of(alteration.emoji)}]


async def alter(client: SlackClient, body: Mapping[str, Any], key: str) -> Receipt:
    """To do it again does no harm. Raises ChannelError; what is gone already need not be deleted."""
    sent = Sent.named(body["of"])
    try:
        match body["method"]:
            case "chat.update":
                await client.update(sent, body["text"], blocks=body["blocks"], metadata=marked(key))
            case "chat.delete":
                await client.chat_delete(channel=sent.channel, ts=sent.ts)
            case _:
                await react(client, sent, body["name"], present=body["method"] == ADD)
    except Refused as error:
        if (body["method"], error.reason) != (DELETE, "message_not_found"):
            raise
    return Receipt()


async def react(client: SlackClient, sent: Sent, name: str, *, present: bool) -> None:
    """Add or remove a reaction of ours; that it is as it should be already is as good. Raises ChannelError."""
    try:
        await (client.reactions_add if present else client.reactions_remove)(
            channel=sent.channel, timestamp=sent.ts, name=name
        )
    except Refused as error:
        if error.reason not in ("already_reacted", "no_reaction"):
            raise
