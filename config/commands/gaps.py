"""``switchboard gaps``: what customers ask and the knowledge does not answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import click

from api.operator_schemas import Gap
from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.commands.store_lines import ask
from config.settings import read_settings
from core.clock import SystemClock
from core.ports.gaps import Gaps
from knowledge.gaps.book import StoredGapBook

_COMMAND = {"command": "gaps"}
_SHOWN = 100
MOST = 1_000
"""As many are shown at most."""
_WHY = {
    "not_found": "not found",
    "withheld": "withheld",
    "thumb_down": "thumb down",
    "rated_badly": "rated badly",
}


def show(since: str | None, limit: int, *, closed: bool, as_json: bool) -> None:
    """Those of most questions first; in JSON as ``GET /api/gaps`` gives it."""
    asked = {"do": "list", "since": since, "limit": limit, "closed": closed}
    head, *lines = _asked(asked)
    if as_json:
        shown = {"gaps": [line["gap"] for line in lines], "by_words": head["by_words"], "more": head.get("more", 0)}
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for line in lines:
        _print(line["gap"])
    if head.get("more"):
        click.echo(_more(head["more"], limit, since, closed=closed))
    if not lines:
        click.echo("Nothing was left unanswered" + (f" since {since}." if since else "."))
    if head["by_words"]:
        click.echo(
            f"{head['by_words']} of these questions are compared by their words alone so far: they are not sorted by meaning "
            "while the model is loading, or where nothing is indexed.",
            err=True,
        )


def _more(more: int, limit: int, since: str | None, *, closed: bool) -> str:
    """How many are not shown, and what shows them."""
    wanted = min(limit + more, MOST)
    options = f"{f' --since {since}' if since else ''}{' --closed' if closed else ''}"
    rest = f"; {limit + more - MOST} only with a shorter --since" if limit + more > MOST else ""
    return f"and {more} more: switchboard gaps{options} --limit {wanted}{rest}"


def close(cluster_id: str, answer: str) -> int:
    """0 when it is done with, 1 when there is none of that id."""
    _, *done = _asked({"do": "close", "cluster": cluster_id, "answer": answer})
    if done:
        click.echo("Closed. It opens again when somebody asks that.")
        return 0
    click.echo(f"There are no unanswered questions {cluster_id}.", err=True)
    return 1


def _asked(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return run_async(ask(read_settings(), {**_COMMAND, **request}, gap_lines))


async def gap_lines(store: Gaps, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """What is asked for, as lines for the local socket; the first says how the whole was sorted, or what is wrong."""
    book = StoredGapBook(store, SystemClock())
    if request.get("do") == "close":
        yield {"id": "", "by_words": 0}
        cluster = str(request.get("cluster") or "")
        if await book.close(cluster, str(request.get("answer") or "")):
            yield {"id": cluster}
        return
    report = await book.report(request.get("since"), closed=bool(request.get("closed")))
    shown = report.clusters[: int(request.get("limit") or _SHOWN)]
    yield {"id": "", "by_words": report.by_words, "more": len(report.clusters) - len(shown)}
    for one in shown:
        yield {"id": one.id, "gap": Gap.model_validate(one).model_dump(mode="json")}


def _print(gap: Mapping[str, Any]) -> None:
    """Three lines: the question, when and why, and what is there already."""
    why = ", ".join(f"{_WHY[name]} {count}" for name, count in gap["counts"].items())
    languages = ", ".join(gap["languages"]) or "?"
    example = " ".join(gap["example"].split())
    echo_line(f"{gap['count']:>4}  {example[:_SHOWN]}{'…' if len(example) > _SHOWN else ''}")
    echo_line(f"      last {gap['last_at'][:16].replace('T', ' ')}  {languages}  {why}  {gap['id']}")
    nearest = gap["nearest"]
    if nearest:
        echo_line(f"      nearest: {nearest['title']} ({nearest['score']:.2f}) {nearest['url'] or ''}".rstrip())
    for did in gap["staff"]:
        echo_line(f"      {_staff(did)}")
    if gap["closed_at"]:
        echo_line(f"      closed {gap['closed_at'][:16].replace('T', ' ')} {gap['answer'] or ''}".rstrip())


def _staff(did: Mapping[str, Any]) -> str:
    if did["learned"]:
        return f"in the knowledge base since {did['case']}"
    if did["proposed"]:
        return f"proposed for the knowledge base from {did['case']}"
    return f"answered by staff in {did['case']}"
