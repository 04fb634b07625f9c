"""Files both ways: uploaded in three steps, fetched with the bot's token from Slack's own hosts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any

import structlog

from channels.download import Download, Downloads
from channels.slack.client import SlackClient
from channels.slack.mrkdwn import escaped
from channels.slack.place import CHANNEL, message_id, slack_id
from channels.slack.wire import Block, Json
from channels.transport import Transport
from core.domain.attachments import Attachment, AttachmentRef
from core.domain.errors import AuthFailed, InvalidInput, NotFound, Rejected
from core.domain.messages import Receipt
from core.ports.channel_memory import ChannelMemory
from core.ports.surroundings import Surroundings

HOSTS = ("files.slack.com", ".slack.com", "slack-files.com", ".slack-files.com")
_log = structlog.get_logger(__name__)


class Files:
    """``memory`` holds the id of a file that is about to be shown (``file/<idempotency key>``), to ask about afterwards.

    It stays there when the file has been shown (channels.forgetting ends that): who sent it may die before the outbox knows.
    """

    def __init__(self, surroundings: Surroundings, account: str, transport: Transport, base_url: str) -> None:
        self._surroundings = surroundings
        self._memory: ChannelMemory = surroundings.memory
        self._account = account
        limit = surroundings.max_attachment_bytes
        self._downloads = Downloads(transport.session, HOSTS, limit=limit, base=base_url, credentialed=HOSTS[:2])

    async def fetch(self, client: SlackClient, ref: AttachmentRef) -> Download:
        """Open a file that somebody sent. Its address is asked for first: in shared channels the event has none."""
        found = (await client.files_info(file=slack_id(ref.id.partition("/")[2])))["file"]
        url = found.get("url_private_download") or found.get("url_private")
        if not isinstance(url, str) or found.get("mode") in ("tombstone", "external"):
            raise Rejected(f"Slack does not have the file {ref.name} (any more).")
        headers = {"Authorization": f"Bearer {client.token}"}
        kind = found.get("mimetype") if isinstance(found.get("mimetype"), str) else ref.media_type
        opened = await self._downloads.open(url, name=str(found.get("name") or ref.name), headers=headers)
        if (opened.media_type or "").startswith("text/html") and kind != "text/html":
            await opened.aclose()  # Slack's log-in page: what it answers, with 200, to a token that may not
            raise AuthFailed("The bot may not read files: add the scope files:read to the app and install it again.")
        opened.media_type = kind or opened.media_type
        return opened

    async def send(
        self, client: SlackClient, channel: str, thread_ts: str | None, body: Mapping[str, Any], key: str
    ) -> Receipt:
        """Upload and show. A file that Slack refuses goes as a link. Raises ChannelError."""
        file = Attachment(**body["attachment"])
        try:
            return await self._upload(client, channel, thread_ts, file, key)
        except NotFound as error:  # the hub has it no more, so that a link would lead nowhere
            raise Rejected(error.detail) from error
        except (Rejected, InvalidInput) as error:
            link = self._surroundings.link(file)
            if link is None:
                raise Rejected(f"{error.detail} There is no PUBLIC_URL for a link to it either.") from error
            _log.info("slack.file_as_link", reason=error.detail)
            text, blocks = _linked(str(body["label"]), file.name, link)
            sent = await client.post_message(channel, text, blocks=blocks, thread_ts=thread_ts, metadata=marked(key))
            return Receipt(message_id(sent.channel, sent.ts), tracked=True)

    async def outcome(self, client: SlackClient, channel: str, key: str) -> Receipt | None:
        """Whether the file of that key is to be seen. None when it never got so far that it could be."""
        file_id = await self._memory.recall(CHANNEL, self._account, f"file/{key}")
        if file_id is None:
            return None
        return _file_receipt((await client.files_info(file=file_id))["file"], channel)

    async def _upload(
        self, client: SlackClient, channel: str, thread_ts: str | None, file: Attachment, key: str
    ) -> Receipt:
        if file.size > self._surroundings.max_attachment_bytes:
            raise Rejected(f"{file.name} is too large to be sent.")
        chunks = self._surroundings.files.open(file)
        try:
            begun = await anext(chunks, b"")  # before Slack is asked: one that is gone is known by it
            place = await client.files_getUploadURLExternal(filename=file.name, length=file.size)
            await client.upload(place["upload_url"], _from(begun, chunks), file.size)
        finally:  # nobody reads it to its end: the last byte is known by its number
            if isinstance(chunks, AsyncGenerator):
                await chunks.aclose()
        file_id = str(place["file_id"])
        await self._memory.remember(CHANNEL, self._account, f"file/{key}", file_id)
        completed = await client.files_completeUploadExternal(
            files=[{"id": file_id, "title": file.name}], channel_id=channel, thread_ts=thread_ts
        )
        found = next(iter(completed.get("files") or ()), {"id": file_id})
        return _file_receipt(found, channel) or Receipt(f"f/{file_id}")


async def _from(begun: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield begun
    async for chunk in rest:
        yield chunk


def _linked(label: str, name: str, link: str) -> tuple[str, list[Block]]:
    """The name as text, so that none of a customer's choosing labels a link or has marks."""
    shown = [{"type": "text", "text": f"{label}: {name} "}, {"type": "link", "url": link, "text": link}]
    section = {"type": "rich_text_section", "elements": shown}
    return f"{escaped(label)}: {escaped(link)}", [{"type": "rich_text", "elements": [section]}]


def marked(key: str) -> Any:
    """Metadata that says which delivery a message is."""
    return {"event_type": MARK, "event_payload": {"key": key}}


MARK = "switchboard_delivery"


def _file_receipt(file: Json, channel: str) -> Receipt | None:
    """The message that a file came with, or that it is there at all: Slack adds ``shares`` a moment later."""
    shares = file.get("shares")
    for kind in ("public", "private"):
        group = shares.get(kind) if isinstance(shares, dict) else None
        found = group.get(channel) if isinstance(group, dict) else None
        if isinstance(found, list) and found and isinstance(found[0], dict):
            return Receipt(message_id(channel, str(found[0].get("ts"))), tracked=True)
    places = [one for name in ("channels", "groups", "ims") for one in file.get(name) or ()]
    return Receipt(f"f/{file.get('id')}") if channel in places else None
