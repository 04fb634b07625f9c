"""Whether a message in Twilio's list is the one that was to be sent. Pure.

The text that Twilio keeps is not always the one that it was given: typography is replaced (smart encoding), a trial account's
notice goes in front, links are replaced where it shortens them ("At send time, Twilio replaces the links in the body": Twilio,
"Link Shortening"), and a template has words of its own around ours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twilio.rest.api.v2010.account.message import MessageInstance

from channels.sms import gsm
from channels.sms.address import Pair

_LINK = r"https?://\S+"


def between(message: MessageInstance, pair: Pair) -> bool:
    """Whether it went from our end to theirs: another number of ours is another conversation.

    A message that waits in a Messaging Service's queue may have no sender yet.
    """
    sender = message.from_ or pair.ours
    if message.messaging_service_sid == pair.ours:
        sender = pair.ours  # the service chose one of its numbers
    return message.direction != "inbound" and message.to == pair.theirs and sender == pair.ours


def is_hidden(message: MessageInstance) -> bool:
    """Whether the account keeps texts from its own API (redaction)."""
    return not message.body and not has_file(message)


def has_failed(message: MessageInstance) -> bool:
    """Whether nobody got it, so that it is no reason to leave the message away."""
    return message.status in ("failed", "undelivered", "canceled")


def is_it(message: MessageInstance, body: Mapping[str, Any], *, templates: bool) -> bool:
    """``templates``: it may have been put into one."""
    said = _comparable(message.body or "")
    if body["kind"] != "text":
        return has_file(message) or _comparable(body["file"]["name"]) in said  # a link, or that it cannot be sent
    wanted = _comparable(str(body["text"]))
    if said.endswith(wanted) or (templates and wanted in said):
        return True
    return message.messaging_service_sid is not None and _with_other_links(wanted, said)


def _with_other_links(wanted: str, said: str) -> bool:
    between_links = re.split(_LINK, wanted)
    return len(between_links) > 1 and re.search(_LINK.join(map(re.escape, between_links)) + r"\Z", said) is not None


def has_file(message: MessageInstance) -> bool:
    """Whether it carries one."""
    return (message.num_media or "0") != "0"


def _comparable(text: str) -> str:
    return gsm.plain(" ".join(text.split()))
