"""What a sitemap for staff closes to customers: the pages that it lists, and where these lead when they have moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from core.domain.knowledge import KnowledgeAudience
from knowledge.sources.address import Scope
from knowledge.sources.crawl_result import Tally
from knowledge.sources.mirror import State
from knowledge.sources.options import SITEMAP


def is_list_for_staff(scope: Scope) -> bool:
    """Whether what it lists is not for customers, whether it could be had or not."""
    return scope.options.its_kind == SITEMAP and scope.options.audience is KnowledgeAudience.STAFF


def unasked(tally: Tally) -> set[str]:
    """Of what is listed, and of what that leads to, the pages that were not asked for: nobody knows whether they have moved."""
    asked = tally.visited.keys() | tally.missed | tally.closed | tally.followed | (tally.gone - tally.moved.keys())
    return _closed(tally.listed, tally.moved) - asked - tally.moved.keys()


def with_list(scope: Scope, before: State, tally: Tally, state: State) -> State:
    """``state`` with what it closes. A page that could not be had keeps what was known of where it leads."""
    if not is_list_for_staff(scope):
        return state
    answered = tally.visited.keys() | tally.gone | tally.followed
    led = {address: target for address, target in before.moved.items() if address not in answered} | tally.moved
    whole = bool(tally.listed) and tally.all_listed
    if not whole and before.listed is None:
        return state
    listed = tally.listed if whole else {*(before.listed or ()), *tally.listed}
    pages = _closed(listed, led)
    known = before.listed or () if state.failure and not before.unasked else ()
    left = len(unasked(tally).difference(known)) if tally.listed else before.unasked
    moved = {address: led[address] for address in sorted(pages & led.keys())}
    return replace(state, listed=tuple(sorted(pages)), moved=moved, unasked=left)


def _closed(listed: Iterable[str], moved: Mapping[str, str]) -> set[str]:
    """These, and where they lead."""
    found: set[str] = set()
    for address in listed:
        here: str | None = address
        while here is not None and here not in found:
            found.add(here)
            here = moved.get(here)
    return found
