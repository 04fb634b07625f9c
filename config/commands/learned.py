"""``switchboard learned``: what staff have approved for the knowledge base, and the way back for one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

import click

from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.commands.store_lines import ask
from config.settings import read_settings
from core.domain.learning import LearnedAnswer
from core.ports.case_files import CaseFiles
from core.ports.learning import Learning

_SHOWN = 200
_COMMAND = {"command": "learned"}
_OPERATOR = "switchboard learned"


class Lessons(Learning, CaseFiles, Protocol):
    """What is asked of the store: names of cases lead to what was learned from them."""


def show() -> None:
    """The oldest first."""
    lines = run_async(ask(read_settings(), {**_COMMAND, "do": "list"}, answers))
    for line in lines:
        echo_line(f"{line['id']}  {line['decided_at']}  {line['origin']}")
        echo_line(f"    {line['question']}")
        echo_line(f"    {line['answer']}")
    if not lines:
        click.echo("Nothing was learned from staff.")


def withdraw(name: str) -> int:
    """0 when nobody is answered with it any more, 1 when nobody was."""
    if run_async(ask(read_settings(), {**_COMMAND, "do": "withdraw", "name": name}, answers)):
        click.echo("Withdrawn. The hub takes it out of the knowledge base within a minute.")
        return 0
    click.echo(f"Nothing of {name} is in the knowledge base.", err=True)
    return 1


async def answers(store: Lessons, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """What is asked for, as lines for the local socket: an answer each, or the case whose answer was withdrawn."""
    if request.get("do") == "withdraw":
        case_id = await store.case_named(str(request.get("name") or ""))
        if case_id is not None and await store.withdraw_answer(case_id, _OPERATOR):
            yield {"id": case_id}
        return
    for one in await store.learned_answers():
        yield _line(one)


def _line(one: LearnedAnswer) -> dict[str, Any]:
    return {
        "id": one.case_id,
        "decided_at": f"{one.decided_at:%Y-%m-%d %H:%M:%S}" if one.decided_at else "",
        "origin": one.origin,
        "question": " ".join(one.question.split())[:_SHOWN],
        "answer": " ".join(one.answer.split())[:_SHOWN],
    }
