"""Talks of several people in a channel's thread, as Slack sends them: who is answered, and who is left alone.

Each line is a person, what they write, and what becomes of it: "-" nothing at all, "answer" what the agent knows, "unknown" that
it does not know, with the offer of a person, "which" a question back, "thanks" a pleasantry, "case" a person is called.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake, person
from config.simulation.slack_world import ANNA, BOT, GRACE, LINUS, PUBLIC
from core.agent.routing import Intent, route
from core.domain.messages import MessageKind
from core.ports.metrics import NoMetrics
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnOutcome, TurnState
from core.storage.store import SqlStore
from core.turn import Turn
from tests.integration.slack_channel.test_receive import StoreSink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.unit.core.responders import NotedDesk, reply, sorry

PEOPLE = {"ada": ANNA, "bob": "U0BOB0001", "grace": GRACE, "linus": LINUS}
US = f"<@{BOT}>"
REFUNDS = ("ada", f"{US} how long does a refund take?", "answer")
LOGIN = ("ada", f"{US} I cannot log in", "which")
ODD = ("ada", f"{US} why is the sky over Berlin green?", "unknown")

TALKS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "she goes on asking": (REFUNDS, ("ada", "And where do I see the refund?", "answer")),
    "she goes on telling": (REFUNDS, ("ada", "It has been two weeks and no refund came", "answer")),
    "she says what she will do": (
        REFUNDS,
        ("ada", "I'll try that", "-"),
        ("ada", "let me check", "-"),
        ("ada", "lol", "-"),
        ("ada", "ok got it", "-"),
        ("ada", "perfect, that worked", "-"),
        ("ada", "Which card gets the refund?", "answer"),
    ),
    "she tells what happened": (
        REFUNDS,
        ("ada", "My parcel came with a broken lid", "unknown"),
        ("ada", "It says error 500", "unknown"),
    ),
    "she thanks": (REFUNDS, ("ada", "Thanks!", "-")),
    "she thanks, then asks": (REFUNDS, ("ada", "Thank you", "-"), ("ada", "Can I get a refund in cash?", "answer")),
    "she mentions us again": (REFUNDS, ("ada", f"{US} thanks!", "thanks")),
    "she asks a colleague": (REFUNDS, ("ada", f"<@{GRACE}> is that true for refunds in Spain?", "-")),
    "she asks a group of people": (REFUNDS, ("ada", "<!subteam^S0BILLING|@billing> is that so for refunds?", "-")),
    "she calls everybody": (REFUNDS, ("ada", "<!here> did anybody get a refund?", "-")),
    "she mentions both": (REFUNDS, ("ada", f"<@{GRACE}> {US} how do I ask for a refund?", "answer")),
    "staff ask her, she answers": (
        REFUNDS,
        ("grace", "Hi Ada, Grace from support here, which browser is it?", "-"),
        ("ada", "Chrome 140", "-"),
        ("grace", "Could you try a private window?", "-"),
        ("ada", "Thanks Grace, that worked!", "-"),
    ),
    "staff tell her": (REFUNDS, ("grace", "I have just sent your refund.", "-"), ("ada", "Great, thank you!", "-")),
    "she answers a colleague with a question": (
        REFUNDS,
        ("grace", "Which order is it about?", "-"),
        ("ada", "Where do I find the number for the refund?", "-"),
    ),
    "she comes back to us": (
        REFUNDS,
        ("grace", "Which order is it about?", "-"),
        ("ada", f"{US} where do I find the number for the refund?", "answer"),
        ("ada", "And is the refund the same on a phone?", "answer"),
    ),
    "a third person joins in": (REFUNDS, ("bob", "same here, lol", "-"), ("bob", "+1", "-"), ("bob", "👍", "-")),
    "a third person complains": (REFUNDS, ("bob", "My refund never came either.", "-"), ("bob", "This is a joke", "-")),
    "a third person asks us": (
        REFUNDS,
        ("bob", f"{US} and how long for a refund by card?", "answer"),
        ("bob", "Is a refund by card any faster?", "answer"),
    ),
    "a third person asks her": (REFUNDS, ("bob", "Did your refund arrive?", "-"), ("ada", "yes", "-")),
    "they talk about us": (REFUNDS, ("bob", "Is this a bot?", "-"), ("ada", "I think so", "-")),
    "she goes on after a plus one": (REFUNDS, ("bob", "thanks", "-"), ("ada", "Is a refund taxed?", "answer")),
    "another accepts her offer": (ODD, ("bob", "yes", "-"), ("bob", "yes please", "-")),
    "she accepts the offer": (ODD, ("ada", "yes please", "case")),
    "she accepts it after a plus one": (ODD, ("bob", "thanks", "-"), ("ada", "yes", "case")),
    "she declines the offer": (ODD, ("ada", "no thanks", "thanks")),
    "she answers the offer with thanks": (ODD, ("ada", "thank you", "thanks"), ("ada", "thank you", "-")),
    "she says yes to somebody else": (ODD, ("bob", "Shall I look it up for you?", "-"), ("ada", "yes", "-")),
    "she is asked back": (LOGIN, ("ada", "the business plan", "answer")),
    "another answers what she was asked": (LOGIN, ("bob", "we have the business plan", "-")),
    "she is asked back, and another comes between": (
        LOGIN,
        ("bob", "hello", "-"),
        ("ada", "the business plan", "answer"),
    ),
    "she wants a person": (REFUNDS, ("ada", "I want a person after all", "case")),
    "she wants a person while others talk": (
        REFUNDS,
        ("bob", "My refund never came.", "-"),
        ("ada", "Can I talk to a human, please?", "case"),
    ),
    "another wants one, not from us": (REFUNDS, ("bob", "I'd rather talk to a human", "-")),
    "another wants one, from us": (REFUNDS, ("bob", f"{US} I want to talk to a human", "case")),
    "she repeats what does not work": (REFUNDS, ("ada", "It still does not work", "unknown")),
    "she repeats it to a colleague": (
        REFUNDS,
        ("linus", "Try it again now.", "-"),
        ("ada", "It still does not work", "-"),
    ),
    "two colleagues talk": (
        REFUNDS,
        ("grace", "Linus, who does refunds this week?", "-"),
        ("linus", "Me. I'll take it.", "-"),
        ("grace", "thx", "-"),
    ),
    "a greeting among people": (REFUNDS, ("bob", "Good morning all", "-"), ("ada", "Hi Bob!", "-")),
    "she names a colleague": (
        REFUNDS,
        ("grace", "Hello", "-"),
        ("ada", "Grace, can you make it a refund by card?", "-"),
    ),
    "in German": (
        ("ada", f"{US} Wie lange dauert ein Refund?", "answer"),
        ("grace", "Hallo Ada, welcher Browser ist es?", "-"),
        ("ada", "Danke Grace, jetzt geht es!", "-"),
        ("bob", "bei mir auch nicht", "-"),
    ),
    "in German, a person": (
        ("ada", f"{US} Wie lange dauert ein Refund?", "answer"),
        ("ada", "Ich möchte doch einen Menschen", "case"),
    ),
    "a long talk after one answer": (
        REFUNDS,
        ("grace", "Which card was it?", "-"),
        ("ada", "The blue one", "-"),
        ("bob", "I have the blue one too", "-"),
        ("linus", "Both are fine.", "-"),
        ("ada", "ok", "-"),
        ("grace", "Anything else?", "-"),
        ("ada", "no, thank you", "-"),
    ),
    "in the middle somebody mentions us": (
        REFUNDS,
        ("grace", "Which card was it?", "-"),
        ("linus", f"{US} how long does a refund take by card?", "answer"),
        ("ada", "The blue one", "-"),
    ),
    "nobody mentions us": (("ada", "How long does a refund take?", "-"), ("grace", "Five days.", "-")),
}


class Company:
    """Knows of refunds and of the business plan, asks back about logins, and does not know the rest."""

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See core.ports.responder.Responder."""
        found, said = route(turn), turn.pending[-1].text.lower()
        if found.escalation is not None:
            return reply("A person", escalation=found.escalation)
        if found.intent in (Intent.SMALL_TALK, Intent.DECLINED):
            return reply("thanks", kind=MessageKind.SMALL_TALK)
        if "log in" in said:
            return reply("Which plan do you have?")
        if "refund" in said or "plan" in said:
            return reply("answer")
        return Reply("unknown", MessageKind.UNKNOWN, offers_person=True)


@pytest.fixture
async def hub(store: SqlStore, fake: SlackFake, tmp_path: Path) -> AsyncIterator[Hub]:
    for name, user in PEOPLE.items():
        fake.users[user] = person(user, name.title(), "en-US")
    around = surroundings(store, tmp_path)
    async with serving(Hub(SlackChannel(settings(fake), around), around, StoreSink(store), fake)) as hub:
        yield hub


@pytest.mark.parametrize("name", TALKS)
async def test_a_talk(name: str, hub: Hub, store: SqlStore) -> None:
    turn, thread = Turn(Company(), NotedDesk(), {"slack": hub.channel}, NoMetrics(), sorry), ""
    for who, text, expected in TALKS[name]:
        event = hub.fake.say(text, channel=PUBLIC, user=PEOPLE[who], **({"thread_ts": thread} if thread else {}))
        thread = thread or event["event"]["ts"]
        assert await hub.push(event) == 200
        if US in text:
            mention = {**event["event"], "type": "app_mention"}
            assert await hub.push(hub.fake.event(mention)) == 200
        outcomes = [await turn.run(state) for state in await store.claim(10, 30.0, history=60)]
        assert all(one.held for one in await store.finish(outcomes))
        assert [became(one) for one in outcomes if became(one) != "-"] == [expected][: expected != "-"], (who, text)


def became(outcome: TurnOutcome) -> str:
    """What was said and done."""
    if outcome.transition is not None:
        return "case"
    said = [message.text for message in outcome.messages]
    return {"Which plan do you have?": "which"}.get(said[0], said[0]) if said else "-"


def test_there_are_forty() -> None:
    assert len(TALKS) >= 40
