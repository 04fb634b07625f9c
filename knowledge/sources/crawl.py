"""Visits the pages of a site, one after the other, and keeps what is worth reading.

Nothing that goes wrong removes a page: what fails keeps its last good version, and what was not met is gone only when the
crawl as a whole went well. What a server says is gone (404, 410) is. What it shows only to those who log in is for customers no
more (RFC 9110, 15.5.2 and 15.5.4; RFC 7725), and gone when it is so the next time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from knowledge.sources.address import Scope, host_of, normal, shown
from knowledge.sources.crawl_result import CIRCLE, Tally, settled
from knowledge.sources.frontier import MOST_HOPS, Frontier, Stop
from knowledge.sources.head import as_file, decode, read_head
from knowledge.sources.kept import suffix_of
from knowledge.sources.listed import is_list_for_staff, unasked, with_list
from knowledge.sources.mirror import MORE, Draft, Page, State
from knowledge.sources.options import PAGE, SITE, SITEMAP
from knowledge.sources.pace import Pace
from knowledge.sources.robots import Robots
from knowledge.sources.sitemap import MOST_BYTES, BadSitemap, read_sitemap
from knowledge.sources.web import Answer, Unfetched, Web

_MOST_FAILURES = 8
"""Failures in a row after which a server is left in peace, and the crawl fails as a whole."""
_CLOSED = frozenset({401, 402, 403, 451})
"""What a server answers for a page that is not for everybody."""
_MOST_SITEMAPS = 200
_MOST_TO_FOLLOW = 5 * 1024 * 1024
"""Bytes of a page that only has to say where it leads; what is larger leads nowhere."""
_LONGEST_RETRY = 60.0
_SECONDS = re.compile(r"[0-9]{1,9}")

Tell = Callable[[int, int, str], None]
"""Pages done, pages known so far, and the one that is next."""


class CrawlFailed(Exception):
    """The crawl as a whole is worth nothing; the text says why."""


class Crawl:
    """One run over one source."""

    def __init__(self, scope: Scope, web: Web, draft: Draft, pace: Pace, tell: Tell) -> None:
        self._scope = scope
        self._options = scope.options
        self._web = web
        self._robots = Robots(web, scope)
        self._draft = draft
        self._pace = pace
        self._tell = tell
        self._tally = Tally()
        kind = self._options.its_kind
        self._depth = 0 if kind in (PAGE, SITEMAP) else self._options.depth
        self._frontier = Frontier(scope, self._options.most_pages, self._depth)
        self._end = pace.end(self._options.most_pages, self._options.pause)

    async def run(self) -> State:
        """The state that the mirror should have from now on; never raises for what a site does."""
        failure = None
        try:
            await self._seeds()
            await self._visits()
            await self._revisits()
            if self._tally.refused:
                await self._look_whether_we_are_let_in()
            if is_list_for_staff(self._scope):
                await self._follow_the_rest()
        except CrawlFailed as error:
            failure = str(error)
        except Unfetched as error:
            failure = f"{shown(self._scope.start)}: {error.reason}"
        before = self._draft.before
        return with_list(self._scope, before, self._tally, settled(self._scope, before, self._tally, failure))

    async def _seeds(self) -> None:
        if not await self._robots.allows(self._scope.start):
            raise CrawlFailed("its robots.txt does not allow us to read it")
        pause = max(self._options.pause, await self._robots.pause(self._scope.start))
        self._end = self._pace.end(self._options.most_pages, pause)
        kind = self._options.its_kind
        if kind == SITEMAP:
            await self._sitemaps([self._scope.start], needed=True)
            return
        self._frontier.start(Stop(self._scope.start, first=True))
        if kind == SITE and self._options.depth > 0:
            await self._sitemaps(await self._robots.sitemaps(self._scope.start), needed=False)

    async def _sitemaps(self, addresses: list[str], *, needed: bool) -> None:
        """Pages from sitemaps and from those that they lead to. ``needed``: they are all there is to start from."""
        ahead, seen = list(addresses), set(addresses)
        for number, address in enumerate(ahead):
            if self._is_over():
                self._tally.all_listed = False
                return
            self._tell(0, len(self._frontier), shown(address))
            try:
                found = read_sitemap((await self._sitemap(address)).body, address)
            except (Unfetched, BadSitemap) as error:
                if needed and number == 0:
                    raise CrawlFailed(f"the sitemap {error}") from error
                self._miss(address, f"the sitemap {error}")
                self._tally.all_listed = False
                continue
            self._tally.listed.update(filter(self._scope.wants, found.pages))
            self._frontier.add(found.pages, 0 if needed else 1)
            for one in found.sitemaps:
                if one not in seen and self._scope.allows_host(one):
                    self._tally.all_listed &= len(seen) < _MOST_SITEMAPS
                    if len(seen) < _MOST_SITEMAPS:
                        seen.add(one)
                        ahead.append(one)

    async def _sitemap(self, address: str) -> Answer:
        for _ in range(5):
            answer = await self._ask(address, {}, MOST_BYTES)
            target = _target(answer, address)
            if target is None or not self._scope.allows_host(target):
                break
            address = target
        if answer.status != 200:
            raise Unfetched(f"answers {answer.status}")
        return answer

    async def _visits(self) -> None:
        while (stop := self._frontier.next()) is not None:
            if len(self._tally.visited) >= self._options.most_pages:
                self._tally.truncated = self._more()
            if self._is_over():
                return
            self._tell(
                len(self._tally.visited), len(self._tally.visited) + len(self._frontier) + 1, shown(stop.address)
            )
            await self._visit(stop)
        if self._frontier.overflowed:
            self._tally.truncated = self._more()

    def _more(self) -> str:
        return MORE.format(most=self._options.most_pages, noun="pages")

    def _is_over(self) -> bool:
        self._tally.truncated = self._tally.truncated or self._end.passed()
        return self._tally.truncated is not None

    async def _revisits(self) -> None:
        """Where something could not be had, what it led to may still be there: such pages are asked for by themselves.

        A sitemap that robots.txt names and nobody serves would else keep every page that was ever known.
        """
        self._tally.look_after_moved()
        met = self._tally.visited.keys() | self._tally.gone | self._tally.missed
        if self._tally.missed and not self._tally.truncated:
            self._frontier.add([one for one in self._draft.before.visited if one not in met], self._depth)
            await self._visits()
            self._tally.look_after_moved()

    async def _follow_the_rest(self) -> None:
        """What a list for staff has beyond ``most_pages`` is not kept, but where it leads is for staff as well."""
        failures = 0
        for _ in range(MOST_HOPS):
            for address in sorted(unasked(self._tally)):
                if failures >= _MOST_FAILURES or self._end.passed():
                    return
                self._tell(len(self._tally.visited), len(self._tally.visited) + 1, shown(address))
                failures = 0 if await self._follow(address) else failures + 1

    async def _follow(self, address: str) -> bool:
        """Whether there was an answer."""
        try:
            if not await self._robots.allows(address):
                self._tally.closed.add(address)
                return True
            answer = await self._ask(address, {}, _MOST_TO_FOLLOW)
        except Unfetched as error:
            (self._tally.missed if error.passing else self._tally.followed).add(address)
            return not error.passing
        if answer.status >= 500 or answer.status == 429:
            self._tally.missed.add(address)
            return False
        self._tally.followed.add(address)
        target = _leads_to(answer, address)
        if target is not None and target != address and self._scope.wants(target):
            self._tally.moved[address] = target
        return True

    async def _visit(self, stop: Stop) -> None:
        earlier = self._draft.done.get(stop.address)
        if earlier is not None:  # by a run that was cut off
            self._arrived(stop, earlier)
        elif stop.address in self._draft.deadly:
            self._failed(stop, "reading it ended the crawl, twice", passing=False)
        else:
            await self._fetch(stop)

    async def _fetch(self, stop: Stop) -> None:
        known = self._draft.before.visited.get(stop.address)
        try:
            if not await self._robots.allows(stop.address):
                self._closed(stop)
                return
            answer = await self._ask(stop.address, _conditions(known))
        except Unfetched as error:
            self._failed(stop, error.reason, passing=error.passing)
            return
        if answer.status < 500 and answer.status != 429:
            self._tally.in_a_row = 0
        match answer.status:
            case 200 | 203:
                self._keep(stop, answer)
            case 304 if known is not None:
                page = replace(known, refused=False)
                self._draft.note(stop.address, page)
                self._arrived(stop, page)
            case 301 | 302 | 303 | 307 | 308:
                self._redirected(stop, answer)
            case 404 | 410:
                self._is_gone(stop, answer.status)
            case status:
                await self._unread(stop, known, status)

    async def _unread(self, stop: Stop, known: Page | None, status: int) -> None:
        if status >= 500 or status == 429:
            self._failed(stop, f"answers {status}", passing=True)
        elif stop.first:
            self._failed(stop, f"answers {status}", passing=False)
        elif known is None or known.file is None:  # such as a page behind a login, which was never ours to read
            self._tally.closed.add(stop.address)
        elif status in _CLOSED:
            await self._refused(stop, known, status)
        else:
            self._failed(stop, f"answers {status}", passing=False)

    async def _ask(self, address: str, known: dict[str, str], most: int | None = None) -> Answer:
        """A request in its time; a server that asks for patience in so many words gets it once."""
        host = host_of(address)
        for last in (False, True):
            await self._pace.wait(host)
            try:
                answer = await self._web.get(address, known, most)
            finally:
                self._pace.asked(host, max(self._options.pause, await self._robots.pause(address)))
            patience = answer.headers.get("Retry-After", "")
            if (
                last
                or answer.status not in (429, 503)
                or not _SECONDS.fullmatch(patience)
                or int(patience) > _LONGEST_RETRY
            ):
                break
            self._pace.asked(host, float(patience))
        return answer

    def _keep(self, stop: Stop, answer: Answer) -> None:
        """What this machine cannot store costs this page alone; where it can store nothing, nor can the state be written."""
        try:
            self._read(stop, answer)
        except OSError as error:
            self._failed(stop, f"cannot be kept: {error.strerror or error}", passing=False)

    def _read(self, stop: Stop, answer: Answer) -> None:
        self._draft.begin(stop.address)
        name = shown(stop.address)
        etag, modified = answer.headers.get("Etag"), answer.headers.get("Last-Modified")
        place = self._scope.place(stop.address)
        if not answer.is_html:
            suffix = suffix_of(stop.address, answer.media_type, named=stop.first)
            file = self._draft.keep(answer.body, _file_name(stop.address, suffix)) if suffix else None
            page = Page(file, name, place, stop.address, etag, modified)
        else:
            text = decode(answer.body, answer.charset)
            head = read_head(text, stop.address, answer.headers.get("X-Robots-Tag", ""))
            if head.moved_to is not None and head.moved_to != stop.address:
                self._moved(stop, head.moved_to)
                return
            links = () if head.no_follow else tuple(link for link in head.links if self._scope.wants(link))
            file = None if head.no_index else self._draft.keep(as_file(text), _file_name(stop.address, ".html"))
            page = Page(file, name, place, stop.address, etag, modified, links, head.canonical)
        self._draft.note(stop.address, page)
        self._arrived(stop, page)

    async def _refused(self, stop: Stop, known: Page, status: int) -> None:
        """Asked for once more at the end, like what fails: it may be the whole server that wants to be left in peace."""
        self._tally.refusals += 1
        if self._tally.refusals % _MOST_FAILURES == 0:
            await self._look_whether_we_are_let_in()
        if self._frontier.again(stop):
            return
        if known.refused:
            self._tally.gone.add(stop.address)
            self._tally.problems[shown(stop.address)] = f"answers {status}, as it did before: it is gone"
            return
        self._miss(stop.address, f"answers {status}")
        self._tally.refused.add(stop.address)

    async def _look_whether_we_are_let_in(self) -> None:
        """Asks for what this very crawl has read. Raises CrawlFailed where that is refused as well, Unfetched."""
        read = (address for address, page in reversed(self._tally.visited.items()) if page.file is not None)
        address = next(read, self._scope.start)
        answer = await self._ask(address, _conditions(self._tally.visited.get(address)))
        if answer.status in _CLOSED or answer.status == 429 or answer.status >= 500:
            raise CrawlFailed(f"{shown(address)} could be read a moment ago and answers {answer.status} now")

    def _arrived(self, stop: Stop, page: Page) -> None:
        self._tally.visited[stop.address] = page
        self._tally.refusals = 0
        self._frontier.add(page.links, stop.depth + 1)
        if page.canonical is not None and page.canonical != stop.address:
            self._frontier.add([page.canonical], stop.depth)

    def _redirected(self, stop: Stop, answer: Answer) -> None:
        target = _target(answer, stop.address)
        if target is None:
            self._failed(stop, "leads to an address that is none", passing=False)
        else:
            self._moved(stop, target)

    def _moved(self, stop: Stop, target: str) -> None:
        """Followed within the hosts that may be visited; what leads elsewhere is another site's page."""
        if not self._scope.wants(target):
            if stop.first:
                raise CrawlFailed(
                    f"{shown(stop.address)} leads to {target}, which is outside of this source; name that one"
                )
            self._tally.gone.add(stop.address)
        elif self._frontier.redirect(stop, target):
            self._tally.gone.add(stop.address)
            self._tally.moved[stop.address] = target
        else:
            reason = "leads to one address too many" if self._frontier.overflowed else CIRCLE
            self._failed(stop, reason, passing=False)

    def _closed(self, stop: Stop) -> None:
        if stop.first:
            raise CrawlFailed("its robots.txt does not allow us to read it")
        self._tally.closed.add(stop.address)

    def _is_gone(self, stop: Stop, status: int) -> None:
        if stop.first:
            raise CrawlFailed(f"{shown(stop.address)} answers {status}")
        self._tally.gone.add(stop.address)

    def _failed(self, stop: Stop, reason: str, *, passing: bool) -> None:
        self._tally.in_a_row += passing
        if self._tally.in_a_row >= _MOST_FAILURES:
            raise CrawlFailed(f"{self._tally.in_a_row} pages in a row could not be fetched; the last one: {reason}")
        if passing and self._frontier.again(stop):
            return
        if stop.first:
            raise CrawlFailed(f"{shown(stop.address)}: {reason}")
        self._miss(stop.address, reason)

    def _miss(self, address: str, reason: str) -> None:
        self._tally.missed.add(address)
        self._tally.problems[shown(address)] = reason


def _target(answer: Answer, address: str) -> str | None:
    return normal(answer.headers.get("Location", ""), address) if answer.status // 100 == 3 else None


def _leads_to(answer: Answer, address: str) -> str | None:
    """By a redirect, or as the page itself says."""
    if answer.status in (200, 203) and answer.is_html:
        return read_head(decode(answer.body, answer.charset), address, "").moved_to
    return _target(answer, address)


def _conditions(known: Page | None) -> dict[str, str]:
    """RFC 9110, 13.1: the server need not send again what we have."""
    found = {}
    if known is not None and known.etag:
        found["If-None-Match"] = known.etag
    if known is not None and known.modified:
        found["If-Modified-Since"] = known.modified
    return found


def _file_name(address: str, suffix: str) -> str:
    """The last part of the path: what a page without a title is called by."""
    last = shown(address).split("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return last if last.lower().endswith(suffix) else f"{last}{suffix}"
