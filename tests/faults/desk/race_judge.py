"""Whether anybody ever heard two voices: what reached each customer, what staff were shown, when the agent was asked."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from config.simulation.slack_fake import text_of
from core.domain.keys import ConversationKey
from tests.faults.checks import Stored, read_settled
from tests.faults.desk.conftest import Arena, Call
from tests.faults.desk.race import Runner, SlackPlace
from tests.faults.desk.slow_agent import answer
from tests.soak_report import Report

_SAYS = ("chat.postMessage", "chat.update", "chat.startStream", "chat.appendStream")


@dataclass(frozen=True)
class Heard:
    """What a customer got, in order. ``agent``: it is the agent's, or begins to be. ``final``: it stays when more is said."""

    agent: bool
    text: str
    final: bool


async def judge(arena: Arena, runners: Sequence[Runner], report: Report) -> None:
    """Fails with everything that is wrong, by customer."""
    stored = await read_settled(arena.url)
    logs = _web_logs(stored)
    wrong: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for runner in runners:
        heard = _heard(arena, runner, logs)
        if found := _check(arena, runner, heard):
            wrong[runner.tag] = [*found, f"{runner.way}, {runner.moment}, {runner.place.mark}: {heard}"]
        counts["cases that were merged into another"] += runner.merged
        counts[f"claimed: {runner.way}" if runner.claimed else "the customer was faster, and nobody claimed"] += 1
    for row in stored.outbox:
        if row.author == "agent":
            counts[f"agent's messages that were {row.status}"] += 1
    for name, count in sorted(counts.items()):
        report.record(name, count)
    for courier in arena.couriers.values():
        for trouble, count in courier.weather.met.items():
            report.record(f"{courier.name}: calls that met {trouble}", count)
    report.record("customers who heard two voices, or staff who were not shown what they heard", len(wrong))
    assert not wrong, dict(list(wrong.items())[:5])
    open_rows = [row for row in stored.outbox if row.status in ("due", "sending")]
    assert not open_rows, open_rows[:5]


def _check(arena: Arena, runner: Runner, heard: Sequence[Heard]) -> list[str]:
    if runner.claimed is None:
        return []
    root = runner.claimed.card["ts"]
    confirmed = arena.staff.confirmed[root]
    wrong = [
        f"asked the agent {begun - confirmed:.3f} s after the claim was confirmed"
        for begun in arena.model.begun[runner.tag]
        if begun > confirmed
    ]
    costly = any(runner.tag in one.shown for one in arena.couriers.values() if one.capabilities.costly)
    comes = f"Here is Grace for {runner.tag}" if costly else "Grace has joined"
    joined = next((place for place, one in enumerate(heard) if comes in one.text), None)
    if joined is None:
        return [*wrong, "never heard that somebody had joined"]
    wrong += ["read that Grace has joined"] if costly and any("has joined" in one.text for one in heard) else []
    wrong += [f"the agent spoke after Grace had joined: {one.text}" for one in heard[joined:] if one.agent]
    if not any(f"Here is Grace for {runner.tag}" in one.text for one in heard[joined:]):
        wrong.append("what Grace wrote never came")
    words = [one.text for one in heard if "Here is Grace for" in one.text and runner.tag not in one.text]
    wrong += [f"read what was for another customer: {text}" for text in words]
    if runner.merged != any("goes on with this together" in one.text for one in heard):
        wrong.append("was told of a merge that was not, or not of one that was")
    spoke = any(one.agent and one.final and answer(f"Q1-{runner.tag}") in one.text for one in heard)
    if spoke and not any(answer(f"Q1-{runner.tag}") in one for one in runner.claimed.shown):
        wrong.append("staff were not shown what the agent said")
    return wrong


def _heard(arena: Arena, runner: Runner, logs: dict[str, list[Heard]]) -> list[Heard]:
    if isinstance(runner.place, SlackPlace):
        stays = "\n".join(map(text_of, arena.slack.fake.channels[runner.place.mark].messages))
        final = answer(f"Q1-{runner.tag}") in stays
        return [
            Heard(_is_agents(str(call.args)), str(call.args), final)
            for call in _effective(arena.slack.calls.get(runner.place.mark, ()))
        ]
    for courier in arena.couriers.values():
        if runner.tag in courier.shown:
            return [Heard(one.author == "agent", one.text, one.final) for one in courier.shown[runner.tag]]
    return logs[ConversationKey("web", "default", runner.tag).conversation_id]


def _effective(calls: Sequence[Call]) -> Iterator[Call]:
    """Those that a customer saw something of: Slack changes no message that was deleted."""
    deleted: set[str] = set()
    for call in calls:
        if call.method == "chat.delete":
            deleted.add(call.args["ts"])
        elif call.method in _SAYS and call.written and call.args.get("ts") not in deleted:
            yield call


def _is_agents(said: str) -> bool:
    """A stream begins without words, or with dots."""
    return "The answer" in said or "…" in said or not ("text" in said or "blocks" in said)


def _web_logs(stored: Stored) -> dict[str, list[Heard]]:
    texts = {row.id: row for row in stored.messages}
    logs: dict[str, list[Heard]] = defaultdict(list)
    for frame in sorted(stored.frames, key=lambda row: (row.conversation_id, row.cursor)):
        message = texts.get(frame.message_id)
        if message is not None:
            logs[frame.conversation_id].append(Heard(message.author == "agent", message.text, final=True))
        elif frame.kind == "text":
            body: Any = json.loads(frame.body)
            logs[frame.conversation_id].append(Heard(True, str(body), final=False))
    return logs
