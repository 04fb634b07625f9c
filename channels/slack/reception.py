"""Between parsing and the commit: which threads are ours, and which conversation a message belongs to. Without network calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from channels.group_modes import MENTIONS_ONLY, Modes
from channels.slack.parse import FOUND, own_user
from channels.slack.place import CHANNEL, Place
from channels.slack.wire import Json
from channels.write_behind import WriteBehindCache
from core.domain.errors import Overloaded
from core.domain.messages import (
    Audience,
    ConversationEvent,
    DeliveryReported,
    InboundEvent,
    MessageReceived,
    RawEvent,
    ReactionChanged,
)
from core.ports.channel import Accepted, InboundSink
from core.ports.surroundings import KnownDeliveries

_SNIPPET = 80


class Reception:
    """Accepts what is addressed to the app. What it remembers:

    ``seen/<place>``: a thread or a direct channel that is ours, with a customer's last message and its author.
    ``heard/<team>/<channel>``: where somebody mentioned the app, with the last message to it.
    ``at/<channel>/<ts>``: in which thread a customer's message is. Where ours are, the hub's deliveries tell.
    ``dm/<team>/<person>``: their direct channel.
    ``alias/<direct channel>``: the conversation that a slash command began before that channel was known.
    ``home/<person>/<place>``: what they talked about.
    """

    def __init__(
        self, cache: WriteBehindCache, deliveries: KnownDeliveries, account: str, modes: Modes = MENTIONS_ONLY
    ) -> None:
        self._modes = modes
        self._account = account
        self._cache = cache
        self._deliveries = deliveries
        self._sink: InboundSink | None = None

    def open(self, sink: InboundSink | None) -> None:
        """From now on events go there."""
        self._sink = sink

    async def take(
        self, events: Sequence[InboundEvent], raw: RawEvent | None, *, addressed: bool
    ) -> Sequence[Accepted]:
        """``addressed``: somebody turned to the app on purpose, so the thread is ours from now on.

        That is remembered before the commit: a thread that is ours without a message harms nobody, but one whose later
        replies are not recognised would lose them.
        """
        sink = self.open_sink()
        wanted = [event for event in events if not isinstance(event, DeliveryReported)]
        known = await self._recall(wanted)
        ours = [placed for event in wanted if (placed := _placed(event, known, addressed, self._modes))]
        if not ours:
            return []
        for event in ours:
            await self._join(event, known)
        accepted = await sink.accept(ours, raw)
        for event in ours:
            self._note(event)
        return accepted

    async def flush(self) -> None:
        """Write what is not written yet. Raises StoreUnavailable."""
        await self._cache.flush()

    def opened(self, place: Place, channel: str) -> None:
        """A person's direct channel is known now; what they write there continues what the command began."""
        self._cache.put(f"alias/{place.team}/{channel}", str(place), soon=True)

    async def _recall(self, events: Sequence[ConversationEvent]) -> Mapping[str, str]:
        known = await self._cache.recall(sorted({key for event in events for key in _keys(event)}))
        reactions = [event for event in events if isinstance(event, ReactionChanged) and _at(event) not in known]
        for event in reactions:  # it names the channel and the time of its message, but not the thread
            name = event.target.provider_event_id
            threads = await self._deliveries.known_as(CHANNEL, self._account, [name])
            known = {**known, **{_at(event): thread for thread in threads.values()}}
        return known

    async def last_seen(self, place: Place) -> Mapping[str, str]:
        """The ``ts`` and ``user`` of the last message to us at a place, if one is known. Raises StoreUnavailable."""
        found: dict[str, str] = json.loads((await self._cache.recall([key := f"seen/{place}"])).get(key, "{}"))
        return found

    async def _join(self, event: ConversationEvent, known: Mapping[str, str]) -> None:
        if event.audience is Audience.STAFF:
            return
        place = Place.of(event.conversation.thread)
        if isinstance(event, MessageReceived) and not place.direct and f"seen/{place}" not in known:
            await self._cache.write(f"seen/{place}", _seen(event))

    def _note(self, event: ConversationEvent) -> None:
        if not isinstance(event, MessageReceived) or not (ts := _ts(event)):
            return
        place, user = Place.of(event.conversation.thread), event.sender.external_id
        if not event.by_staff:
            self._cache.put(f"seen/{place}", _seen(event))
        if event.audience is Audience.STAFF:
            return
        if place.thread_ts not in (None, ts):
            self._cache.put(f"at/{place.channel}/{ts}", str(place))
        if event.by_staff:
            return
        if not place.direct:
            self._cache.put(f"heard/{place.team}/{place.channel}", json.dumps({"ts": ts}))
        if place.channel[0] == "D":
            self._cache.put(f"dm/{place.team}/{user}", place.channel)
        talk = {"text": event.text[:_SNIPPET], "ts": ts, "channel": place.channel}
        self._cache.put(f"home/{user}/{place}", json.dumps(talk))

    def open_sink(self) -> InboundSink:
        if self._sink is None:
            raise Overloaded("The server is starting or stopping.")
        return self._sink


class PayloadSink:
    """The sink for the events of one payload. ``addressed``: it asks the agent, though it does not mention it."""

    def __init__(self, reception: Reception, payload: Json, *, addressed: bool = False) -> None:
        self._reception = reception
        self._addressed = addressed or _is_addressed(payload)

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        """See InboundSink.accept. Events that are not addressed to the app are left out."""
        return await self._reception.take(events, raw, addressed=self._addressed)

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        await self._reception.open_sink().quarantine(raw, reason)


def _is_addressed(payload: Json) -> bool:
    """Whether the app was mentioned, a button of ours pressed, a command given or a case ordered."""
    event = payload.get("event")
    if not isinstance(event, dict) or FOUND in payload:
        return True
    return mentions_app(event, own_user(payload))


def mentions_app(message: Json, own: str | None) -> bool:
    """Whether a message turns to the app by its name."""
    return message.get("type") == "app_mention" or bool(own and f"<@{own}" in str(message.get("text") or ""))


def _keys(event: ConversationEvent) -> list[str]:
    if event.audience is Audience.STAFF:
        return []
    place = Place.of(event.conversation.thread)
    if place.person:
        return [f"dm/{place.team}/{place.channel}", f"alias/{place}"]
    keys = [f"seen/{place}"] if not place.direct else [f"alias/{place}"]
    return [*keys, _at(event)] if isinstance(event, ReactionChanged) else keys


def _placed(
    event: ConversationEvent, known: Mapping[str, str], addressed: bool, modes: Modes
) -> ConversationEvent | None:
    """The event in its conversation; None when it is none of ours. Staff's threads are known to the desk."""
    if event.audience is Audience.STAFF:
        return event
    place = Place.of(event.conversation.thread)
    if isinstance(event, ReactionChanged) and _at(event) in known:
        return _moved(event, known[_at(event)])
    if place.person:
        channel = known.get(f"dm/{place.team}/{place.channel}")
        return event if channel is None else _moved(event, f"{place.team}/{channel}")
    if place.direct:
        return _moved(event, known[f"alias/{place}"]) if f"alias/{place}" in known else event
    if f"seen/{place}" in known:
        return event
    if not isinstance(event, MessageReceived):
        return None
    first = place.thread_ts == _ts(event)
    if event.by_staff:  # who begins a thread is its customer
        return replace(event, by_staff=False) if addressed and first else None
    return event if addressed or modes.begin(place.channel, in_thread=not first) else None


def _moved(event: ConversationEvent, thread: str) -> ConversationEvent:
    return replace(event, conversation=replace(event.conversation, thread=thread))


def _at(event: ReactionChanged) -> str:
    return f"at/{event.target.provider_event_id.removeprefix('m/')}"


def _ts(event: MessageReceived) -> str:
    kind, _, rest = event.key.provider_event_id.partition("/")
    return rest.rpartition("/")[2] if kind == "m" else ""


def _seen(event: MessageReceived) -> str:
    at = _ts(event) or f"{event.sent_at.timestamp():.6f}"
    return json.dumps({"ts": at, "user": event.sender.external_id})
