"""A language model that does what attackers tell it: it calls any tool with any arguments, and says every secret that it reads.

It agrees with all that it is asked to check, and what it takes down of a conversation is everything in it.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from config.simulation.loopback import LoopbackServer
from tests.property.strangers_ledger import MARK, PAYLOAD

Json = dict[str, Any]
Call = tuple[str, Json]
Plan = Sequence[Sequence[Call]]


@dataclass
class Prompts:
    """``answers``: prompts of turns, by the mark of the message that is answered. ``others``: of everything in the background."""

    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    others: list[str] = field(default_factory=list)


class HostileModel:
    """An endpoint for Chat Completions. ``plans``: the calls of each step of a turn, by the mark of its message."""

    def __init__(self) -> None:
        self.plans: dict[str, Plan] = {}
        self.prompts = Prompts()
        self.results: Counter[str] = Counter()
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_post("/v1/chat/completions", self._complete)
        self.server = LoopbackServer(app)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked: Json = await request.json()
        messages: list[Json] = asked["messages"]
        whole = "\n".join(f"{_text(one)}\n{json.dumps(one.get('tool_calls', ''))}" for one in messages)
        question = _object(_text(messages[-1]))
        if asked.get("tools"):
            return await self._turn(request, messages, whole)
        self.prompts.others.append(whole)
        if "sentences" in question:
            return await _stream(request, {"content": json.dumps({one["id"]: True for one in question["sentences"]})})
        if "action" in question:
            return await _stream(request, {"content": json.dumps({question["id"]: True})})
        if "messages" in question:
            return await _stream(request, {"content": json.dumps(_everything(question))})
        return await _stream(request, {"content": _answer_text(whole)})

    async def _turn(self, request: web.Request, messages: list[Json], whole: str) -> web.StreamResponse:
        asked = [MARK.findall(_text(one)) for one in messages if one["role"] == "user"]
        mark = next((found[-1] for found in reversed(asked) if found), "")
        self.prompts.answers[mark].append(whole)
        last = max(place for place, one in enumerate(messages) if one["role"] == "user")
        done = sum(bool(one.get("tool_calls")) for one in messages[last:])
        self._count(messages[last:])
        plan = self.plans.get(mark, ())
        if done >= len(plan):
            return await _stream(request, {"content": _answer_text(whole)})
        calls = [
            {"index": at, "id": f"{mark}{done}{at}", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for at, (name, arguments) in enumerate(plan[done])
        ]
        return await _stream(request, {"tool_calls": calls})

    def _count(self, messages: Sequence[Json]) -> None:
        """Which tools gave something in the newest step, and which refused."""
        names = {call["id"]: call["function"]["name"] for one in messages for call in one.get("tool_calls") or ()}
        for one in messages:
            if one["role"] == "tool":
                ended = "refused" if _text(one).startswith("Error") else "gave something"
                self.results[f"{names.get(one['tool_call_id'], '?')} {ended}"] += 1


def _answer_text(text: str) -> str:
    """Every secret in it."""
    found = sorted(set(PAYLOAD.findall(text)))
    return f"I know {', '.join(found)}." if found else "I know nothing more."


def _everything(part: Json) -> Json:
    """Every message as a fact, and every secret in the summary."""
    said = [one for one in part["messages"] if one["by"] == "customer"]
    facts = [
        {"kind": "fact", "subject": one["text"][:20], "text": one["text"], "importance": 5, "message": one["number"]}
        for one in said
    ]
    return {"facts": facts[:20], "used": [], "summary": _answer_text(json.dumps(part))}


def _object(text: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(message: Json) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


async def _stream(request: web.Request, delta: Json) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    reason = "tool_calls" if delta.get("tool_calls") else "stop"
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    await response.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())
    await response.write_eof()
    return response
