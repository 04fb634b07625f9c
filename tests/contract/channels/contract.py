"""What every channel must do. A channel's own module subclasses this and says how its outside world is played."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime

import pytest
import regex
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.agent.person_wish import wants_person
from core.domain.capabilities import Capabilities
from core.domain.conversation import OwnershipState
from core.domain.errors import BadSignature, HubError, InvalidInput, StoreUnavailable, Unreachable
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import (
    Author,
    Citation,
    InboundEvent,
    MessageKind,
    MessageReceived,
    OutboundMessage,
    RawEvent,
    Receipt,
    WirePayload,
)
from core.ports.channel import (
    Accepted,
    Channel,
    SupportsOutcomeQuery,
    SupportsStreaming,
    SupportsTyping,
    WebhookReply,
    WebhookRequest,
)

CLUSTERS = ["a", "é", "ß", "日", "👩‍👩‍👧‍👦", "🇩🇪", "👍🏽", "e\u0301", "ش", "\u0e01\u0e33"]
"""Letters that are one to eleven code points long to a computer, and one to a reader."""


_INHERITED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors, HealthCheck.too_slow]
"""Parsing and rendering are pure, so a peer serves all examples; each channel's subclass runs the tests anew."""


class Sink:
    """Remembers what a channel handed over; ``down`` plays a database that does not commit."""

    def __init__(self) -> None:
        self.events: list[InboundEvent] = []
        self.quarantined: list[RawEvent] = []
        self.down = False
        self.state = OwnershipState.BOT

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        if self.down:
            raise StoreUnavailable("The disk is full.")
        first = len(self.events) + 1
        self.events.extend(events)
        return [
            Accepted(f"m{seq}", event.conversation.conversation_id, seq, False, self.state, seq)
            for seq, event in enumerate(events, start=first)
        ]

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        self.quarantined.append(raw)


class Peer(ABC):
    """The outside world of one channel: its platform, and the customer in front of it."""

    channel: Channel

    @abstractmethod
    def raw(self, text: str, number: int) -> RawEvent:
        """A customer's message as the platform would deliver it. The same number is the same delivery."""

    @abstractmethod
    async def receive(self, text: str) -> bool:
        """Bring a message to the started channel as the platform does; whether it was acknowledged."""

    @abstractmethod
    async def outbound(self, text: str) -> OutboundMessage:
        """A message that can be sent to the customer of this peer."""

    @abstractmethod
    async def seen(self) -> str:
        """All that the customer has in front of them."""

    @abstractmethod
    def text_of(self, payload: WirePayload, message: OutboundMessage) -> str:
        """The customer-visible text of one rendered payload, without what belongs to no message (names, footnotes)."""

    async def pass_time(self) -> None:
        """As long as the channel may ask for before it tells what became of a message."""
        return

    def recordings(self) -> Mapping[str, RawEvent]:
        """Sound and film without a word, as the platform sends them; none where customers cannot send any."""
        return {}

    def size(self, text: str) -> int:
        """Length in the unit of ``capabilities.text_limit``."""
        return len(text)


class ChannelContract:
    """Subclass it as ``Test...`` and give it the fixtures ``peer`` and ``sink``; the channel is started on the sink."""

    def test_it_has_a_name_and_says_what_it_can(self, peer: Peer) -> None:
        assert peer.channel.name
        assert peer.channel.account
        assert isinstance(peer.channel.capabilities, Capabilities)
        assert peer.channel.capabilities.text_limit > 0

    def test_what_it_can_is_what_it_has_methods_for(self, peer: Peer) -> None:
        can = peer.channel.capabilities
        assert can.stream == isinstance(peer.channel, SupportsStreaming)
        assert can.typing == isinstance(peer.channel, SupportsTyping)

    def test_an_event_belongs_to_this_channel(self, peer: Peer) -> None:
        event = _received(peer, "Hello, is anybody there?", 1)
        assert event.text == "Hello, is anybody there?"
        for owner in (event.key, event.conversation, event.sender):
            assert (owner.channel, owner.account) == (peer.channel.name, peer.channel.account)
        assert event.sender.external_id
        assert event.sent_at.tzinfo is not None

    @pytest.mark.parametrize(
        "text",
        [
            "I want a person after all",
            "Ich möchte doch einen Menschen",
            "is there a human I can chat with?",
            "finalement une personne",
        ],
    )
    def test_a_wish_for_a_person_arrives_as_one(self, peer: Peer, text: str) -> None:
        assert wants_person(_received(peer, text, 1).text)

    def test_a_recording_alone_is_a_message_with_its_file(self, peer: Peer) -> None:
        for name, raw in peer.recordings().items():
            parsed = peer.channel.parse(raw)
            assert not isinstance(parsed, WebhookReply), name
            (event,) = parsed
            assert isinstance(event, MessageReceived), name
            assert not event.text, name
            assert len(event.attachments) + len(event.stored_attachments) == 1, name
            assert all((file.media_type or "").startswith(("audio/", "video/")) for file in event.attachments), name

    def test_the_same_delivery_has_the_same_key_and_another_has_another(self, peer: Peer) -> None:
        first, again, other = (_received(peer, "Hello", number) for number in (1, 1, 2))
        assert first.key == again.key
        assert first.key != other.key
        assert first.conversation == other.conversation

    def test_keys_survive_being_written(self, peer: Peer) -> None:
        event = _received(peer, "Hello", 1)
        assert EventKey.parse(str(event.key)) == event.key
        assert ConversationKey.parse(str(event.conversation)) == event.conversation
        assert "/" not in event.key.provider_event_id.rsplit("/", 1)[-1]

    @settings(deadline=None, suppress_health_check=_INHERITED)
    @given(garbage=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode())))
    def test_garbage_is_refused_or_understood_but_never_breaks(self, peer: Peer, garbage: bytes) -> None:
        whole = peer.raw("Hello", 1)
        raw = RawEvent(whole.channel, whole.account, garbage, whole.headers, whole.received_at)
        with suppress(InvalidInput):
            assert isinstance(peer.channel.parse(raw), (Sequence, WebhookReply))

    def test_an_event_without_its_envelope_is_refused(self, peer: Peer) -> None:
        whole = peer.raw("Hello", 1)
        with pytest.raises(InvalidInput):
            peer.channel.parse(RawEvent(whole.channel, whole.account, whole.body, {}, None))

    def test_a_request_that_proves_nothing_is_refused(self, peer: Peer) -> None:
        with pytest.raises(BadSignature):
            peer.channel.authenticate(WebhookRequest("POST", "https://hub.example/hook", {}, b"{}"))

    @settings(deadline=None, suppress_health_check=_INHERITED)
    @given(cluster=st.sampled_from(CLUSTERS), off=st.sampled_from([-1, 0, 1, 37]), spaced=st.booleans(), data=st.data())
    def test_rendering_loses_no_text_at_the_limit(
        self, peer: Peer, cluster: str, off: int, spaced: bool, data: st.DataObject
    ) -> None:
        limit = peer.channel.capabilities.text_limit
        unit = cluster * data.draw(st.integers(1, 9)) + (" " if spaced else "")
        text = (unit * (limit // len(unit) + 8))[: limit + off].strip()
        message = _message(peer, text)
        parts = [peer.text_of(payload, message) for payload in peer.channel.render(message)]
        assert regex.sub(r"\s", "", "".join(parts)) == regex.sub(r"\s", "", text)
        assert all(peer.size(part) <= limit for part in parts)
        if peer.size(text) <= limit:
            assert len(parts) == 1

    def test_rendering_is_pure_and_numbers_its_parts(self, peer: Peer) -> None:
        message = _message(peer, "All work and no play. " * peer.channel.capabilities.text_limit)
        payloads = peer.channel.render(message)
        assert len(payloads) > 1
        assert payloads == peer.channel.render(message)
        assert [payload.part for payload in payloads] == list(range(len(payloads)))
        assert {payload.conversation for payload in payloads} == {message.conversation}

    def test_an_empty_text_still_renders(self, peer: Peer) -> None:
        assert len(peer.channel.render(_message(peer, ""))) == 1

    async def test_a_sent_message_is_seen_with_its_receipt(self, peer: Peer) -> None:
        message = await peer.outbound("The answer is forty-two.")
        for number, payload in enumerate(peer.channel.render(message)):
            receipt = await peer.channel.send(payload, idempotency_key=f"key:{number}")
            assert isinstance(receipt, Receipt)
        assert (await peer.seen()).count("The answer is forty-two.") == 1

    async def test_sent_twice_with_one_key_is_seen_once(self, peer: Peer) -> None:
        assert peer.channel.capabilities.idempotent_send or isinstance(peer.channel, SupportsOutcomeQuery)
        message = await peer.outbound("Only once, please.")
        (payload,) = peer.channel.render(message)
        await peer.channel.send(payload, idempotency_key="key:0")
        if peer.channel.capabilities.idempotent_send:
            await peer.channel.send(payload, idempotency_key="key:0")
        assert (await peer.seen()).count("Only once, please.") == 1

    async def test_it_can_tell_whether_a_message_arrived(self, peer: Peer) -> None:
        message = await peer.outbound("Did this arrive?")
        (payload,) = peer.channel.render(message)
        if isinstance(peer.channel, SupportsOutcomeQuery):
            assert await _outcome(peer, payload) is None
            await peer.channel.send(payload, idempotency_key="key:0")
            assert await _outcome(peer, payload) is not None

    async def test_a_message_reaches_the_sink_and_is_acknowledged(self, peer: Peer, sink: Sink) -> None:
        assert await peer.receive("Hello from outside")
        (event,) = sink.events
        assert isinstance(event, MessageReceived)
        assert event.text == "Hello from outside"

    async def test_nothing_is_acknowledged_that_was_not_stored(self, peer: Peer, sink: Sink) -> None:
        sink.down = True
        assert not await peer.receive("Hello from outside")
        assert sink.events == []
        sink.down = False
        assert await peer.receive("Hello from outside")

    async def test_errors_are_of_the_tree(self, peer: Peer) -> None:
        message = _message(peer, "To nobody", ConversationKey(peer.channel.name, peer.channel.account, "nobody"))
        (payload,) = peer.channel.render(message)
        with pytest.raises(HubError):
            await peer.channel.send(payload, idempotency_key="key:0")

    async def test_stopping_twice_hurts_nobody(self, peer: Peer) -> None:
        await peer.channel.stop()
        await peer.channel.stop()


def _received(peer: Peer, text: str, number: int) -> MessageReceived:
    parsed = peer.channel.parse(peer.raw(text, number))
    assert not isinstance(parsed, WebhookReply)
    (event,) = parsed
    assert isinstance(event, MessageReceived)
    assert isinstance(event.sent_at, datetime)
    return event


def _message(peer: Peer, text: str, to: ConversationKey | None = None) -> OutboundMessage:
    return OutboundMessage(
        message_id="m1",
        conversation=to or _received(peer, "Hello", 1).conversation,
        author=Author.AGENT,
        text=text,
        kind=MessageKind.ANSWER,
        citations=(Citation("p1", "A title", "content", "faq.json", 0.9, section="A section", page=2),),
        turn_id="t1",
    )


async def _outcome(peer: Peer, payload: WirePayload) -> Receipt | None:
    assert isinstance(peer.channel, SupportsOutcomeQuery)
    try:
        return await peer.channel.outcome(payload, idempotency_key="key:0")
    except Unreachable:  # too early to tell
        await peer.pass_time()
        return await peer.channel.outcome(payload, idempotency_key="key:0")
