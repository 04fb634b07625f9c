"""The loop's own promises: bounds, resuming, citations, and an honest end to everything that can go wrong."""

from __future__ import annotations

import asyncio
import json

import pytest

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.agent.tools import Tool, tool
from core.agent.verifier import ModelVerifier
from core.domain.errors import LostClaim, ModelError, StoreUnavailable
from core.domain.messages import Author, MessageKind
from core.ports.chat_model import Finished, TextDelta, ToolCall
from core.ports.journal import JournalEntry
from core.ports.outcomes import Claim
from core.ports.responder import Reply
from tests.contract.responders.world import (
    PASSWORD,
    PRICE,
    Crash,
    Docs,
    MemoryJournal,
    ScriptedModel,
    SteppingClock,
    Watcher,
    call,
    message,
    say,
    text_file,
    turn_of,
)
from tests.unit.agent.reviewer import Reviewer

QUESTION = "How do I reset my password?"
GOOD = "Click “Forgot password?” on the sign-in page [1]."


class Bench:
    """A loop with everything around it at hand."""

    def __init__(self, *scripts: object, tools: tuple[Tool, ...] = (), **settings: object) -> None:
        self.model = ScriptedModel(*scripts)  # type: ignore[arg-type]
        self.docs = Docs()
        self.journal = MemoryJournal()
        self.watcher = Watcher()
        self.tools = tools
        refused = dict.fromkeys(("bicycles", "great", "premium", "write a"), False)
        self.reviewer = Reviewer(refused | {"connecting": "promises"})
        self.settings = AgentSettings(company_name="Tidepool", **settings)  # type: ignore[arg-type]

    async def ask(self, *pending: object, **world: object) -> Reply:
        clock = SteppingClock()
        verifier = ModelVerifier(self.reviewer, clock)
        loop = AgentLoop(self.model, self.docs, self.journal, self.settings, clock, self.tools, verifier=verifier)
        return await loop.respond(turn_of(*(pending or (QUESTION,)), **world), "t1", self.watcher)  # type: ignore[arg-type]


async def test_passages_are_given_up_front_and_no_tool_is_needed() -> None:
    bench = Bench(say(GOOD))
    reply = await bench.ask()
    assert reply.kind is MessageKind.ANSWER
    assert reply.text == bench.watcher.text_shown == GOOD
    assert "Forgot password" in bench.model.requests[0].messages[-2].content
    assert bench.model.requests[0].messages[-1].content == QUESTION
    assert bench.journal.rows == {}


@pytest.mark.parametrize("name", ["search_knowledge", "no_such_tool"])
async def test_a_step_that_would_be_resumed_is_recorded_by_a_turn_that_is_not_begun_anew(name: str) -> None:
    class Watched(MemoryJournal):
        async def record(self, claim: Claim, turn_id: str, entry: JournalEntry) -> None:
            assert bench.watcher.is_bound
            await super().record(claim, turn_id, entry)

    bench = Bench(call(name, '{"query": "team plan"}'), say(GOOD))
    bench.journal = Watched()
    await bench.ask()
    assert bench.journal.rows, "resumed beside what the customer added, a step would not know of it"


async def test_search_gives_more_sources_under_the_next_numbers() -> None:
    bench = Bench(
        call("search_knowledge", '{"query": "team plan"}', text="Let me look. "),
        say("The Team plan costs 9 euros [3]. Reset it on the sign-in page [1]."),
    )
    reply = await bench.ask()
    assert [citation.id for citation in reply.citations] == [PRICE.id, PASSWORD.id]
    assert reply.text == "The Team plan costs 9 euros [1]. Reset it on the sign-in page [2]."
    assert bench.watcher.tools == [("search_knowledge", "started"), ("search_knowledge", "finished")]
    assert 'number="3"' in bench.model.requests[1].messages[-1].content


async def test_the_model_asks_for_a_person() -> None:
    bench = Bench(call("escalate_to_human", '{"reason": "wants a contract", "urgency": "high"}', text="Moment."))
    reply = await bench.ask()
    assert reply.escalation is not None
    assert (reply.escalation.reason, reply.escalation.requested_by) == ("wants a contract", "agent")
    assert bench.watcher.text_shown == ""


async def test_a_wish_for_a_person_costs_no_model_call() -> None:
    bench = Bench()
    assert (await bench.ask("talk to a human")).escalation is not None
    assert bench.model.requests == []


async def test_parallel_calls_of_one_step() -> None:
    both = asyncio.Event()
    arrived: list[str] = []

    @tool(effect=False)
    async def stock(city: str) -> str:
        """Stock in a city."""
        arrived.append(city)
        if len(arrived) == 2:
            both.set()
        await both.wait()
        return f"{city}: 3"

    more = (ToolCall("call_0", "stock", '{"city": "Porto"}'),)
    bench = Bench(call("stock", '{"city": "Lisbon"}', more=more), say("Lisbon has three, Porto too."), tools=(stock,))
    reply = await bench.ask("How many are in stock?")
    assert reply.kind is MessageKind.ANSWER
    results = bench.model.requests[1].messages[-2:]
    assert [result.content for result in results] == ["Lisbon: 3", "Porto: 3"]
    assert len({result.tool_call_id for result in results}) == 2


async def test_wrong_arguments_go_back_to_the_model() -> None:
    bench = Bench(call("search_knowledge", '{"q": 1}'), say(GOOD))
    reply = await bench.ask()
    assert reply.kind is MessageKind.ANSWER
    assert "query: Field required" in bench.model.requests[1].messages[-1].content


async def test_steps_are_bounded_and_the_last_one_has_no_tools() -> None:
    searches = [call("search_knowledge", '{"query": "x"}') for _ in range(2)]
    bench = Bench(*searches, say(GOOD), max_steps=3)
    assert (await bench.ask()).kind is MessageKind.ANSWER
    assert [len(request.tools) for request in bench.model.requests] == [2, 2, 0]


async def test_a_model_that_never_stops_asking_for_tools_fails_honestly() -> None:
    bench = Bench(*(call("search_knowledge", '{"query": "x"}') for _ in range(3)), max_steps=3)
    reply = await bench.ask()
    assert reply.kind is MessageKind.FAILURE
    assert reply.offers_person


async def test_tokens_are_bounded() -> None:
    bench = Bench(*(call("search_knowledge", '{"query": "x"}') for _ in range(9)), max_steps=9, turn_tokens=130)
    assert (await bench.ask()).kind is MessageKind.FAILURE
    assert [len(request.tools) for request in bench.model.requests] == [2, 0]


async def test_time_is_bounded_and_what_was_shown_is_taken_back() -> None:
    bench = Bench([TextDelta(f"{GOOD} And th"), None], turn_seconds=0.05)
    reply = await bench.ask()
    assert reply.kind is MessageKind.FAILURE
    assert bench.watcher.discards == 1
    assert bench.watcher.text_shown == ""


@pytest.mark.parametrize(
    "script",
    [
        [ModelError("refused")],
        [TextDelta(f"{GOOD} And"), ModelError("cut off")],
        [TextDelta(f"{GOOD} And"), None],
        [TextDelta(f"{GOOD} And")],
        [],
        [TextDelta("Unfinish"), Finished("length")],
        [RuntimeError("a bug")],
    ],
    ids=["refused", "cut", "stall", "no end", "nothing", "length", "bug"],
)
@pytest.mark.parametrize("locale", ["en", "de"])
async def test_every_failure_of_the_model_is_said(script: list[object], locale: str) -> None:
    bench = Bench(script, turn_seconds=0.5)
    question = "Wie setze ich mein Passwort zurück?" if locale == "de" else "How do I reset my password?"
    reply = await bench.ask(question, locale=locale)
    assert reply.kind is MessageKind.FAILURE
    assert reply.offers_person
    assert reply.citations == ()
    assert ("Entschuldigung" if locale == "de" else "Sorry") in reply.text
    assert bench.watcher.discards == 1
    assert bench.watcher.text_shown == ""


async def test_an_answer_cut_at_its_length_keeps_its_whole_sentences() -> None:
    bench = Bench([TextDelta(f"{GOOD} The rest of it is"), Finished("length")])
    reply = await bench.ask()
    assert reply.text == bench.watcher.text_shown == GOOD


async def test_an_invented_answer_is_replaced_without_anybody_having_read_it() -> None:
    bench = Bench(say("Yes, we sell bicycles in every colour. They are great."))
    reply = await bench.ask("Do you sell bicycles?")
    assert reply.kind is MessageKind.UNKNOWN
    assert reply.offers_person
    assert "bicycles" not in reply.text
    assert bench.watcher.shown == []


async def test_an_invented_citation_is_replaced_too() -> None:
    bench = Bench(say("Yes, we sell bicycles in every colour [7]."))
    assert (await bench.ask("Do you sell bicycles?")).kind is MessageKind.UNKNOWN


async def test_any_source_that_was_given_may_be_cited() -> None:
    bench = Bench(say("The office in Lisbon is open on weekdays [1]. The hotline is 0800 123 4567 [1]."))
    reply = await bench.ask("Do you sell bicycles?")
    assert reply.text == bench.watcher.text_shown == "The office in Lisbon is open on weekdays [1]."
    assert [citation.id for citation in reply.citations] == ["p-stray"]


@pytest.mark.parametrize(
    "text", ["On the sign-in page, click **Forgot password?** [1]", "Click “Forgot password?” [1]"]
)
async def test_what_only_ends_like_a_question_keeps_the_source_that_it_cites(text: str) -> None:
    reply = await Bench(say(text)).ask()
    assert (reply.text, reply.kind, len(reply.citations)) == (text, MessageKind.ANSWER, 1)


async def test_claims_behind_a_citation_are_left_out_of_what_is_streamed_and_said() -> None:
    bench = Bench(say(f"{GOOD} Refunds are possible for 900 days. The premium plan costs 3 dollars."))
    reply = await bench.ask()
    assert reply.text == bench.watcher.text_shown == GOOD


async def test_facts_of_a_tool_stay_beside_a_citation() -> None:
    @tool(effect=False)
    def where(order: int) -> str:
        """Where an order is."""
        return f"Order {order} is in Lisbon."

    bench = Bench(call("where", '{"order": 7}'), say(f"{GOOD}\n\nYour order 7 is in Lisbon."), tools=(where,))
    assert (await bench.ask()).text == f"{GOOD}\n\nYour order 7 is in Lisbon."


async def test_an_answer_that_is_not_borne_out_is_not_known_and_is_not_written_again() -> None:
    bench = Bench(say("Just write a letter to our office."))
    assert (await bench.ask()).kind is MessageKind.UNKNOWN
    assert len(bench.model.requests) == 1


async def test_an_answer_in_its_sources_words_gets_the_marker_and_costs_no_call() -> None:
    bench = Bench(say("Click “Forgot password?” on the sign-in page. The link works for 60 minutes."))
    reply = await bench.ask()
    assert reply.text == "Click “Forgot password?” on the sign-in page [1]. The link works for 60 minutes."
    assert [citation.id for citation in reply.citations] == [PASSWORD.id]
    assert bench.watcher.text_shown == reply.text
    assert bench.reviewer.requests == []


async def test_a_promise_to_connect_is_never_shown() -> None:
    bench = Bench(say(f"{GOOD} I'm connecting you with a colleague now."))
    assert (await bench.ask()).text == GOOD


async def test_an_offer_in_an_answer_is_marked_so_that_yes_is_understood() -> None:
    bench = Bench(say(f"{GOOD} Would you like to talk to a person?"))
    assert (await bench.ask()).offers_person


async def test_history_files_and_company_reach_the_model() -> None:
    history = [message("Hi", seq=1), message("It costs 9 [1].", seq=2, author=Author.AGENT)]
    bench = Bench(say("The total is 5 euros [2]."))
    file = text_file("Total: 5 euros")
    reply = await bench.ask("And in the file?", history=history, files=[file])
    prompt = bench.model.requests[0].messages
    assert "Tidepool" in prompt[0].content
    assert [entry.content for entry in prompt[1:3]] == ["Hi", "It costs 9."]
    assert "Total: 5 euros" in prompt[3].content
    assert [citation.title for citation in reply.citations] == ["invoice.pdf"]


async def test_a_resumed_turn_reuses_what_was_done_and_does_not_repeat_an_effect() -> None:
    paid: list[str] = []

    @tool(effect=True)
    def refund(order: int) -> str:
        """Pay back an order."""
        paid.append(f"order {order}")
        return "Paid back."

    first = Bench(call("refund", '{"order": 7}'), tools=(refund,))
    first.journal.crash_after = 4  # sources, assistant, started, finished: dies once the result is written
    with pytest.raises(Crash):
        await first.ask("Refund order 7 please, my password is safe")
    assert paid == ["order 7"]

    second = Bench(say("I paid order 7 back."), tools=(refund,))
    second.journal.rows = first.journal.rows
    reply = await second.ask("Refund order 7 please, my password is safe")
    assert reply.kind is MessageKind.ANSWER
    assert paid == ["order 7"]
    replayed = second.model.requests[0].messages
    assert replayed[-1].content == "Paid back."
    assert replayed[-2].tool_calls[0].id == replayed[-1].tool_call_id
    assert second.docs.queries == []
    assert first.model.requests[0].messages == replayed[:-2]


async def test_a_resumed_turn_does_not_guess_about_an_effect_that_was_under_way() -> None:
    paid: list[int] = []

    @tool(effect=True)
    def refund(order: int) -> str:
        """Pay back an order."""
        paid.append(order)
        return "Paid back."

    first = Bench(call("refund", '{"order": 7}'), tools=(refund,))
    first.journal.crash_after = 3
    with pytest.raises(Crash):
        await first.ask("Refund order 7")
    second = Bench(say("I cannot tell whether order 7 was paid back."), tools=(refund,))
    second.journal.rows = first.journal.rows
    await second.ask("Refund order 7")
    assert paid == []
    assert "outcome of this call is unknown" in second.model.requests[0].messages[-1].content


async def test_a_resumed_turn_searches_again_only_when_the_search_had_not_ended() -> None:
    first = Bench(call("search_knowledge", '{"query": "team plan"}'))
    first.journal.crash_after = 3
    with pytest.raises(Crash):
        await first.ask()
    second = Bench(say("The Team plan costs 9 euros [3]."))
    second.journal.rows = first.journal.rows
    reply = await second.ask()
    assert [citation.id for citation in reply.citations] == [PRICE.id]
    assert second.docs.queries == ["team plan"]


async def test_a_resumed_escalation_is_an_escalation() -> None:
    first = Bench(call("escalate_to_human", '{"reason": "angry"}'))
    assert (await first.ask()).escalation is not None
    second = Bench()
    second.journal.rows = first.journal.rows
    reply = await second.ask()
    assert reply.escalation is not None
    assert reply.escalation.reason == "angry"


async def test_a_lost_claim_stops_everything() -> None:
    bench = Bench(call("search_knowledge", '{"query": "x"}'))
    bench.journal.lost = True
    with pytest.raises(LostClaim):
        await bench.ask()


async def test_a_journal_that_is_away_is_no_failure_of_the_agent_and_the_turn_resumes() -> None:
    first = Bench(call("search_knowledge", '{"query": "team plan"}'))
    first.journal.away = True
    with pytest.raises(StoreUnavailable):
        await first.ask()
    second = Bench(call("search_knowledge", '{"query": "team plan"}'), say("The Team plan costs 9 euros [3]."))
    second.journal.rows = first.journal.rows
    assert (await second.ask()).kind is MessageKind.ANSWER


async def test_what_is_journalled_is_json_without_secrets_of_the_process() -> None:
    bench = Bench(call("search_knowledge", '{"query": "team plan"}'), say(GOOD))
    await bench.ask()
    assert [entry.name for entry in bench.journal.rows.values()] == ["@sources", "@assistant", "search_knowledge"]
    for entry in bench.journal.rows.values():
        json.loads(entry.arguments)
        assert entry.status == "finished"


async def test_two_questions_are_looked_up_one_by_one() -> None:
    bench = Bench(say("Reset it on the sign-in page [1]. It costs 9 euros [2]."))
    await bench.ask("How do I reset my password?", "And what does the Team plan cost?")
    assert len(bench.docs.queries) == 2


async def test_without_knowledge_a_file_can_still_answer() -> None:
    bench = Bench(say("The total is 5 euros [1]."))
    bench.docs.loading = 10_000
    reply = await bench.ask("What is the total?", files=[text_file("Total: 5 euros")])
    assert reply.kind is MessageKind.ANSWER
    bench = Bench(say("You can just write a letter to us."))
    bench.docs.loading = 10_000
    reply = await bench.ask("What is the address?", files=[text_file("Total: 5 euros")])
    assert reply.kind is MessageKind.FAILURE
    assert "documents" in reply.text


async def test_whoever_has_lost_the_conversation_asks_no_model() -> None:
    bench = Bench(say(GOOD))
    bench.journal.lost = True
    with pytest.raises(LostClaim):
        await bench.ask()
    assert bench.model.requests == []
