"""A language model that says what the scenarios' turns hold, behind the protocol of OpenAI on loopback.

It keeps nothing between requests: which turn is asked about follows from what the customer wrote, and how far the turn has come
from the tools that were called in it. So any number of conversations may ask at once, as often as they like.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from config.conversations.recorded_model import RecordedModel, is_among
from config.conversations.scenario import TICKET, Scenario, ScenarioFile, Turn
from config.simulation.customers import BOT_NAME
from config.simulation.loopback import LoopbackServer
from core.agent.sources import defuse
from core.domain.errors import ConfigError
from core.domain.ticket import numbers_in
from core.ports.chat_model import ChatMessage, ChatRequest, TextDelta, ToolSpec

CHECKS, ANSWERS, HEARS = "scripted-checks", "scripted", "scripted-ears"
"""The model's names: what verifies, what answers, and what writes down recordings."""
_SAMPLE = 100
"""Characters of a customer's message by which it is known: a verifier is shown no more than the beginning of a long one."""
Json = dict[str, Any]


class ScriptedModel:
    """``url``: as in OPENAI_BASE_URL."""

    def __init__(self, files: Sequence[ScenarioFile]) -> None:
        self._turns = [
            (file.anchors, case, place)
            for file in files
            for case in file.conversations
            for place, turn in enumerate(case.turns)
            if not turn.staff
        ]
        _check_for_doubles(self._turns)
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/audio/transcriptions", self._transcribe)
        self._server = LoopbackServer(app)

    @property
    def url(self) -> str:
        """Known once it runs."""
        return str(self._server.make_url("/v1"))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[ScriptedModel]:
        """Answers meanwhile."""
        await self._server.start_server()
        try:
            yield self
        finally:
            await self._server.close()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked: Json = await request.json()
        messages: list[Json] = asked["messages"]
        if asked["model"] == CHECKS:
            return await _answer(request, {"content": _plain(self._check(json.loads(_text(messages[-1]))))})
        if (found := self._turn(messages)) is None:
            return web.json_response({"error": {"message": "No scenario says what to answer."}}, status=400)
        anchors, turn = found
        turn = turn.with_ticket(_ticket_in(messages))
        model = RecordedModel(turn, anchors)
        model.skip(_called(messages))
        tools = [ToolSpec(one["function"]["name"], "", {}) for one in asked.get("tools") or ()]
        said, calls = "", []
        async for piece in model.stream(ChatRequest([ChatMessage("user", _text(one)) for one in messages], tools)):
            if isinstance(piece, TextDelta):
                said += piece.text
            else:
                calls = [
                    {"index": at, "id": one.id, "function": {"name": one.name, "arguments": one.arguments}}
                    for at, one in enumerate(piece.tool_calls)
                ]
        return await _answer(request, {"tool_calls": calls} if calls else {"content": said})

    async def _transcribe(self, request: web.Request) -> web.StreamResponse:
        """What a scenario says that its recording holds."""
        file = (await request.post())["file"]
        heard = file.file.read() if isinstance(file, web.FileField) else b""
        files = [one for _, case, place in self._turns for one in case.turns[place].files if one.path is not None]
        text = next((one.text for one in files if one.content == heard), None)
        if text is None:
            return web.json_response({"error": {"message": "No scenario has this recording."}}, status=400)
        return web.json_response({"text": text})

    def _check(self, question: Json) -> Json:
        """Sentences that a scenario calls bad are unsupported; what a customer is said to want, they want."""
        if "sentences" in question:
            turns = [case.turns[place] for _, case, place in self._turns]
            asked = [turn for turn in turns if _is_in(_written(turn)[:_SAMPLE], question["customer"])]
            bad = [text for turn in asked for text in _refused(turn)]
            return {one["id"]: not is_among(one["text"], bad) for one in question["sentences"]}
        return {question["id"]: True}

    def _turn(self, messages: Sequence[Json]) -> tuple[Mapping[str, Sequence[str]], Turn] | None:
        """The turn whose text was asked last, and of several the one with the most of its conversation before it."""
        users = [_text(one) for one in messages if one["role"] == "user"]
        if not users:
            return None
        before = "\n".join(users[:-1])
        fitting = [
            (_turns_in_history(case, place, before), len(case.turns[place].user), anchors, case.turns[place])
            for anchors, case, place in self._turns
            if _has_reply(case.turns[place]) and _is_asked(case.turns[place], users)
        ]
        best = max(fitting, key=lambda one: one[:2], default=None)
        return None if best is None else best[2:]


def _turns_in_history(case: Scenario, place: int, before: str) -> int:
    """How many of the turns before it are in the history; a scenario of which one is missing is not meant."""
    texts = [_written(turn) for turn in case.earlier(place) if turn.user]
    known = sum(_is_in(text, before) for text in texts)
    return known if known == len(texts) else known - 1_000


def _written(turn: Turn) -> str:
    """What the customer writes or says, as the hub shows it to a model."""
    said = turn.user.replace(BOT_NAME, "") or next((one.text for one in turn.files), "")
    return defuse(said).strip()


def _is_asked(turn: Turn, users: Sequence[str]) -> bool:
    """The words of a file stand before the customer's own."""
    return _is_in(_written(turn), users[-1] if turn.user else "\n".join(users[-2:]))


def _is_in(written: str, text: str) -> bool:
    """Also where a ticket's number is filled in."""
    if TICKET not in written:
        return written in text
    return re.search("TKT-[0-9-]{1,20}".join(map(re.escape, written.split(TICKET))), text) is not None


def _ticket_in(messages: Sequence[Json]) -> str:
    """The ticket that was named last."""
    return next((found[-1] for one in reversed(messages) if (found := numbers_in(_text(one)))), "")


def _has_reply(turn: Turn) -> bool:
    return bool(turn.reply or turn.parts or turn.calls)


def _script(turn: Turn) -> tuple[object, ...]:
    return turn.reply, turn.parts, turn.calls, turn.search, tuple(_refused(turn))


def _refused(turn: Turn) -> Iterable[str]:
    return turn.unwanted if turn.refused is None else turn.refused


def _check_for_doubles(turns: Sequence[tuple[Any, Scenario, int]]) -> None:
    """Raises ConfigError where two conversations go alike so far, and the model is to answer differently."""
    known: dict[tuple[str, ...], tuple[Scenario, Turn]] = {}
    for _, case, place in turns:
        turn = case.turns[place]
        if not _has_reply(turn):
            continue
        said = tuple(map(_written, (*case.earlier(place), turn)))
        other, same = known.setdefault(said, (case, turn))
        if _script(same) != _script(turn):
            raise ConfigError(
                f"line {case.line} ({case.id}): the customer writes the same as in {other.id} (line {other.line}), and the "
                "model is to answer differently; change a word of either."
            )


def _called(messages: Sequence[Json]) -> list[list[str]]:
    """The tools that were called since the customer's last message, step by step."""
    last = max(place for place, one in enumerate(messages) if one["role"] == "user")
    steps = [one["tool_calls"] for one in messages[last:] if one.get("tool_calls")]
    return [[call["function"]["name"] for call in step] for step in steps]


def _text(message: Json) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


async def _answer(request: web.Request, delta: Json) -> web.StreamResponse:
    """As a stream of one chunk."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    reason = "tool_calls" if delta.get("tool_calls") else "stop"
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
    await response.write(f"data: {_plain(chunk)}\n\ndata: [DONE]\n\n".encode())
    await response.write_eof()
    return response


def _plain(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
