"""Asks a web site for its first page and its rules, as the crawler would."""

from __future__ import annotations

from knowledge.sources.address import Scope, normal, shown
from knowledge.sources.examined import Examined
from knowledge.sources.guard import Guard
from knowledge.sources.options import SourceOptions
from knowledge.sources.robots import Robots
from knowledge.sources.web import Unfetched, Web

_MOST_HOPS = 5


async def examine_site(options: SourceOptions) -> Examined:
    """Whether it answers, and its robots.txt allows us to read it."""
    scope = Scope.of(options)
    if scope is None:
        return Examined(False, "is no web address", "Write it as https://help.example.com/.")
    try:
        async with Web(Guard([scope.start], options.private_hosts)) as web:
            return await _visited(scope, web)
    except Unfetched as error:
        return Examined(
            False, f"{shown(scope.start)}: {error.reason}", "Open the address in a browser on this machine."
        )


async def _visited(scope: Scope, web: Web) -> Examined:
    robots, address = Robots(web, scope), scope.start
    for _ in range(_MOST_HOPS):
        if not await robots.allows(address):
            fix = "Ask whoever keeps the site to allow the agent switchboard in robots.txt, or take the source out."
            return Examined(False, "its robots.txt does not allow us to read it", fix)
        answer = await web.get(address)
        target = normal(answer.headers.get("Location", ""), address) if answer.status // 100 == 3 else None
        if target is None:
            break
        if not scope.wants(target):
            return Examined(False, f"leads to {target}, which is outside of this source", "Name that address instead.")
        address = target
    if answer.status != 200:
        return Examined(False, f"answers {answer.status}", "Look at the address: is it public?")
    return Examined(True, "answers, and its robots.txt allows us to read it")
