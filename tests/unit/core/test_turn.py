"""A turn decides: the agent answers, a person is asked, or the desk is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from core.domain.attachments import Attachment, ExtractionStatus
from core.domain.capabilities import Capabilities
from core.domain.choices import Choice, choices_meta
from core.domain.conversation import Escalation, OwnershipEvent, OwnershipState
from core.domain.correlation import correlated
from core.domain.customer import ContactDetails
from core.domain.errors import LostClaim, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import LOCALE, Audience, Author, CustomerAction, MessageKind
from core.ports.metrics import Counter
from core.ports.responder import Reply, TurnEvents
from core.ports.store import NewMessage, OpenCase, Transition, TurnState
from core.storage.store import SqlStore
from core.turn import Turn, TurnSettings
from core.turn_files import with_files
from core.turn_messages import turn_id
from tests.contract.stores.sayings import LEASE, accept, answer, change_owner, claim_one, deleted, finish, said
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.responders import Echo, NotedDesk, reply, sorry
from tests.unit.core.test_stream import Screen


class ScreenChannel(Screen):
    """A channel that streams into the hub's own log, as the web does."""

    capabilities = Capabilities(text_limit=4_000, stream=True, event_log=True)


def make(
    metrics: CountedMetrics, responder: Echo | None = None, *, desk: NotedDesk | None = None, **options: object
) -> Turn:
    return Turn(responder or Echo(), desk or NotedDesk(), options.pop("channels", {}), metrics, sorry, **options)  # type: ignore[arg-type]


@pytest.fixture
async def state(store: SqlStore) -> TurnState:
    await accept(store, said("e1", "One"), said("e2", "Two"))
    return await claim_one(store)


async def test_the_agent_answers_all_that_is_pending(state: TurnState, metrics: CountedMetrics) -> None:
    with correlated("c0ffee"):
        outcome = await make(metrics).run(state)
    assert outcome.handled_seq == 2
    assert outcome.transition is None
    (message,) = outcome.messages
    assert (message.author, message.text, message.kind) == (Author.AGENT, "One + Two", MessageKind.ANSWER)
    assert message.turn_id == f"{state.conversation.id}:1"
    assert message.meta["in_reply_to"] == state.pending[-1].id
    assert message.meta["confidence"] == 0.9123
    assert message.meta["requires_escalation"] is False
    assert message.meta["correlation_id"] == "c0ffee"
    assert metrics.total(Counter.TURNS) == 1


async def test_whoever_says_aloud_that_it_is_not_solved_gets_a_person(
    state: TurnState, metrics: CountedMetrics
) -> None:
    voice = Attachment("f1", "voice.ogg", "audio/ogg", 9, "0" * 64, "k")
    heard = replace(voice, extraction=ExtractionStatus.READY, text="It still does not work.")

    async def bring(turn: TurnState) -> TurnState:
        return with_files(turn, [heard])

    spoken = replace(state.pending[0], text="", attachments=(voice,))
    home = replace(state.conversation, reopen_until=spoken.created_at + timedelta(hours=1))
    outcome = await make(metrics, prepare=bring).run(replace(state, conversation=home, pending=(spoken,)))
    assert outcome.transition is not None
    assert outcome.transition.event is OwnershipEvent.ESCALATE


async def test_nothing_pending_is_done_at_once(store: SqlStore, metrics: CountedMetrics) -> None:
    await accept(store, said("e1"), deleted("e2", "e1"))
    state = await claim_one(store)
    responder = Echo()
    outcome = await make(metrics, responder).run(state)
    assert (outcome.handled_seq, outcome.messages) == (1, ())
    assert responder.turns == []


@pytest.mark.parametrize("owned", [OwnershipState.QUEUED, OwnershipState.STAFF])
async def test_the_agent_is_silent_while_people_own_it(
    state: TurnState, metrics: CountedMetrics, owned: OwnershipState
) -> None:
    responder, desk = Echo(), NotedDesk()
    state = replace(state, conversation=replace(state.conversation, state=owned))
    outcome = await make(metrics, responder, desk=desk).run(state)
    assert responder.turns == []
    assert desk.relayed == ["One", "Two"]
    assert [message.author for message in outcome.messages] == [Author.SYSTEM]
    assert outcome.handled_seq == 2


@pytest.mark.parametrize("owned", [OwnershipState.QUEUED, OwnershipState.STAFF])
async def test_what_is_chosen_once_people_own_it_reaches_them_alone(
    store: SqlStore, metrics: CountedMetrics, owned: OwnershipState
) -> None:
    await accept(store, said("e1", "2"))
    state = await claim_one(store)
    offered = choices_meta((Choice("Terms", "p1", "Terms", "Money?"), Choice("Returns", "p2", "Returns", "Money?")))
    back = replace(state.pending[0], author=Author.AGENT, kind=MessageKind.ANSWER, meta=offered)
    responder, desk = Echo(), NotedDesk()
    state = replace(state, history=(back,), conversation=replace(state.conversation, state=owned))
    await make(metrics, responder, desk=desk).run(state)
    assert (responder.turns, desk.relayed) == ([], ["2"])


async def test_pressing_for_a_person_asks_no_model(store: SqlStore, metrics: CountedMetrics) -> None:
    await accept(store, said("e1", "A person, please", action=CustomerAction.REQUEST_PERSON), said("e2", "a@b.example"))
    responder = Echo()
    outcome = await make(metrics, responder).run(await claim_one(store))
    assert responder.turns == []
    assert outcome.transition is not None
    assert outcome.transition.event == OwnershipEvent.ESCALATE
    assert outcome.transition.escalation is not None
    assert outcome.transition.escalation.requested_by == "customer"
    assert outcome.contact == ContactDetails(email="a@b.example")
    (notice,) = outcome.messages
    assert (notice.author, notice.text) == (Author.SYSTEM, "A person will answer.")
    assert notice.meta["requires_escalation"] is True
    assert metrics.total(Counter.ESCALATIONS) == 1


async def test_a_question_before_the_press_is_answered_first(store: SqlStore, metrics: CountedMetrics) -> None:
    await accept(
        store,
        said("e1", "How do I export my data?"),
        said("e2", "A person, please", action=CustomerAction.REQUEST_PERSON),
    )

    async def answered(_turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        return reply("", escalation=Escalation("wish", requested_by="customer"), besides=reply("Press Export."))

    state = await claim_one(store)
    outcome = await make(metrics, Echo(answered)).run(state)
    assert [(message.author, message.text) for message in outcome.messages] == [
        (Author.AGENT, "Press Export."),
        (Author.SYSTEM, "A person will answer."),
    ]
    assert outcome.transition is not None
    assert outcome.transition.event == OwnershipEvent.ESCALATE
    assert (await store.finish([outcome]))[0].held
    deliveries = await store.claim_deliveries("web", "main", 10, LEASE)
    assert [delivery.message.text for delivery in deliveries] == ["Press Export."]


async def queued(store: SqlStore) -> None:
    """A customer asked for a person; nobody has come yet."""
    await accept(store, said("e0", "A person, please", action=CustomerAction.REQUEST_PERSON))
    notice = answer("A person will answer.", author=Author.SYSTEM, meta={"requires_escalation": True})
    assert await finish(store, await claim_one(store), notice, event=OwnershipEvent.ESCALATE)


@pytest.mark.parametrize(
    "text",
    [
        "Never mind, cancel that",
        "no thanks, forget about the human",
        "Doch nicht, danke",
        "Ich brauche keinen Menschen mehr",
        "不用人工了",
    ],
)
async def test_who_waits_can_take_it_back(store: SqlStore, metrics: CountedMetrics, text: str) -> None:
    await queued(store)
    await accept(store, said("e1", text))
    responder, desk = Echo(), NotedDesk()
    outcome = await make(metrics, responder, desk=desk).run(await claim_one(store))
    assert (responder.turns, desk.relayed) == ([], [])
    assert [(message.author, message.text) for message in outcome.messages] == [(Author.SYSTEM, "Back to the agent.")]
    assert outcome.transition is not None
    assert outcome.transition.event == OwnershipEvent.WITHDRAW
    assert (await store.finish([outcome]))[0].held
    await accept(store, said("e2", "Hello"))
    assert (await claim_one(store)).conversation.state == OwnershipState.BOT


async def test_what_is_asked_while_taking_it_back_is_answered(store: SqlStore, metrics: CountedMetrics) -> None:
    await queued(store)
    await accept(store, said("e1", "Never mind, how do I export my data?"))
    outcome = await make(metrics).run(await claim_one(store))
    assert [message.text for message in outcome.messages] == ["Back to the agent.", "how do I export my data?"]
    assert outcome.messages[1].author == Author.AGENT
    shown = [message.turn_id is not None for message in outcome.messages]
    assert shown == [False, True], "what was shown while it was written becomes the answer"


async def test_a_wish_after_the_withdrawal_counts(store: SqlStore, metrics: CountedMetrics) -> None:
    await queued(store)
    await accept(store, said("e1", "Never mind"), said("e2", "No wait, I want to talk to a person"))
    desk = NotedDesk()
    outcome = await make(metrics, desk=desk).run(await claim_one(store))
    assert outcome.transition is None
    assert desk.relayed == ["Never mind", "No wait, I want to talk to a person"]


async def test_a_person_who_came_meanwhile_keeps_the_conversation(store: SqlStore, metrics: CountedMetrics) -> None:
    await queued(store)
    await accept(store, said("e1", "Never mind, cancel that"))
    state = await claim_one(store)
    outcome = await make(metrics).run(state)
    await change_owner(store, state.conversation.id, Transition(OwnershipEvent.CLAIM, owner="Grace"))
    assert not (await store.finish([outcome]))[0].held
    desk, responder = NotedDesk(), Echo()
    again = await claim_one(store)
    relayed = await make(metrics, responder, desk=desk).run(again)
    assert again.conversation.state == OwnershipState.STAFF
    assert (responder.turns, desk.relayed, relayed.transition) == ([], ["Never mind, cancel that"], None)


@pytest.mark.parametrize(("text", "locale"), [("Ich möchte mit einem Menschen sprechen", "de"), ("ok", "en")])
async def test_the_desk_speaks_the_language_that_is_written(
    store: SqlStore, metrics: CountedMetrics, text: str, locale: str
) -> None:
    await accept(store, said("e1", text, action=None, locale="en"))
    state = await claim_one(store)
    locales: list[str | None] = []

    class Listening(NotedDesk):
        def transfer_notice(self, turn: TurnState) -> NewMessage:
            locales.append(turn.conversation.locale)
            return super().transfer_notice(turn)

    async def escalate(_turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        return reply("", escalation=Escalation("wish"))

    await make(metrics, Echo(escalate), desk=Listening()).run(state)
    assert locales == [locale]


@pytest.mark.parametrize(
    ("text", "known", "spoken"),
    [
        ("Rechnung ändern", None, "de"),
        ("Mot de passe oublié", None, "fr"),
        ("Wie kann ich mein Passwort zurücksetzen?", "en-US", "de-US"),
        ("Wie kann ich mein Passwort zurücksetzen?", "de-AT", None),
        ("ok", None, None),
    ],
)
async def test_a_channel_hears_in_which_language_an_answer_is(
    store: SqlStore, metrics: CountedMetrics, text: str, known: str | None, spoken: str | None
) -> None:
    await accept(store, said("e1", text, locale=known))
    (message,) = (await make(metrics).run(await claim_one(store))).messages
    assert message.meta.get(LOCALE) == spoken


async def test_an_escalation_says_what_the_transition_says(state: TurnState, metrics: CountedMetrics) -> None:
    async def escalate(_turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        return reply("I am connecting you!", escalation=Escalation("wants a refund"))

    outcome = await make(metrics, Echo(escalate)).run(state)
    assert [message.text for message in outcome.messages] == ["A person will answer."]
    assert outcome.messages[0].meta["ticket"] == "TKT-1"
    assert outcome.transition is not None
    assert outcome.transition.escalation == Escalation("wants a refund")
    assert [cross_write.messages[0].text for cross_write in outcome.cross_writes] == ["wants a refund"]
    assert [type(record) for record in outcome.cases] == [OpenCase]


async def test_what_staff_write_goes_to_the_desk_and_to_no_agent(state: TurnState, metrics: CountedMetrics) -> None:
    desk, echo = NotedDesk(), Echo()
    inside = replace(state, conversation=replace(state.conversation, audience=Audience.STAFF))
    outcome = await make(metrics, echo, desk=desk).run(inside)
    assert desk.relayed == ["staff: One", "staff: Two"]
    assert not echo.turns
    assert outcome.messages == ()


async def test_a_turn_that_takes_too_long_is_an_honest_failure(state: TurnState, metrics: CountedMetrics) -> None:
    async def never(_turn: TurnState, _id: str, _events: TurnEvents) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    outcome = await make(metrics, Echo(never), settings=TurnSettings(timeout=0.01)).run(state)
    (message,) = outcome.messages
    assert (message.author, message.kind) == (Author.AGENT, MessageKind.FAILURE)
    assert message.meta["offers_person"] is True


async def test_giving_up_answers_what_was_asked(state: TurnState, metrics: CountedMetrics) -> None:
    outcome = await make(metrics).give_up(state)
    assert outcome.handled_seq == 2
    assert outcome.messages[0].kind == MessageKind.FAILURE


async def test_a_lost_conversation_ends_the_turn(state: TurnState, metrics: CountedMetrics) -> None:
    async def talk(_turn: TurnState, _id: str, events: TurnEvents) -> Reply:
        while True:
            await events.text("word ")
            await asyncio.sleep(0)

    screen = ScreenChannel()
    screen.failures = [LostClaim("taken over")]
    with pytest.raises(LostClaim):
        await make(metrics, Echo(talk), channels={"web": screen}).run(state)


async def test_what_was_shown_is_written_before_the_turn_returns(state: TurnState, metrics: CountedMetrics) -> None:
    async def talk(_turn: TurnState, _id: str, events: TurnEvents) -> Reply:
        await events.text("One. ")
        await eventually(lambda: bool(screen.writes))
        return reply("One. ")

    screen = ScreenChannel()
    await make(metrics, Echo(talk), channels={"web": screen}).run(state)
    assert screen.kinds == ["typing", "text"]
    assert screen.done == len(screen.writes)


async def test_files_are_prepared_before_the_responder_sees_them(state: TurnState, metrics: CountedMetrics) -> None:
    async def prepare(turn: TurnState) -> TurnState:
        return replace(turn, pending=(replace(turn.pending[0], text="prepared"),))

    outcome = await make(metrics, prepare=prepare).run(state)
    assert outcome.messages[0].text == "prepared"


async def test_the_turns_id_survives_a_crash(store: SqlStore, state: TurnState) -> None:
    await store.release([state.claim])
    await accept(store, said("e3", "Three"))
    again = await claim_one(store)
    assert turn_id(again) == turn_id(state)


async def test_what_was_said_before_a_new_start_is_not_told(store: SqlStore, metrics: CountedMetrics) -> None:
    told: list[TurnState] = []

    class Listening(Echo):
        async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
            told.append(turn)
            return await super().respond(turn, turn_id, events)

    for number, action in enumerate([None, CustomerAction.START_OVER, None]):
        await accept(store, said(f"e{number}", f"Message {number}", action=action))
        state = await claim_one(store)
        assert await finish(store, state, answer(f"Answer {number}"))
    await accept(store, said("e3", "Message 3"))
    await make(metrics, Listening()).run(await claim_one(store))
    assert [message.text for message in told[0].history] == ["Message 1", "Answer 1", "Message 2", "Answer 2"]


class Typist:
    """A channel that shows who writes, and nothing before it is finished."""

    capabilities = Capabilities(text_limit=4_000, typing=True)

    def __init__(self) -> None:
        self.shown = asyncio.Event()
        self.times = 0

    async def typing(self, conversation: ConversationKey, author: Author) -> None:
        self.times += 1
        if self.times == 3:
            self.shown.set()
        raise Unreachable("it does not matter")


async def test_who_cannot_watch_sees_that_somebody_writes_until_it_is_said(
    state: TurnState, metrics: CountedMetrics
) -> None:
    typist = Typist()

    class Slow(Echo):
        async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
            await typist.shown.wait()
            return await super().respond(turn, turn_id, events)

    turn = make(metrics, Slow(), channels={"web": typist}, settings=TurnSettings(typing_every=0.001))
    outcome = await turn.run(state)
    assert outcome.messages
    times = typist.times
    await asyncio.sleep(0.02)
    assert typist.times == times, "it stops with the turn"
