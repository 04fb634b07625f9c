"""Sources that are elsewhere are fetched by a process of their own, which may be killed at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from core.domain.knowledge import IndexProgress
from knowledge.sources import Catalog, SourceOptions, git, scan, third_party
from knowledge.sources.mirror import Draft, Mirror, State
from knowledge.sources.options import CLOSED_TICKETS, guess_kind
from knowledge.sources.refresh import Refresh
from tests.integration.sources.site import Site, page, serving


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    (folder / "docs" / "billing").mkdir(parents=True)
    (folder / "docs" / "billing" / "refunds.md").write_text("# Refunds\n\nWithin thirty days.")
    (folder / "docs" / "start.md").write_text("# Start\n\nHello.")
    (folder / "docs" / "large.md").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")
    (folder / "README.md").write_text("# Not documentation")
    (folder / "docs" / "leak.md").symlink_to("/etc/passwd")
    hook = folder.parent / "hooked"
    _git(folder, "init", "--quiet")
    (folder / ".git" / "hooks" / "post-checkout").write_text(f"#!/bin/sh\ntouch {hook}\n")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "-m", "first")
    return folder


async def test_a_site_is_fetched_and_its_progress_told(site: Site, tmp_path: Path) -> None:
    site.pages = {"/": page("Help", "/one"), "/one": page("One")}
    options = SourceOptions(f"{site.address}/", pause=0.0)
    catalog = Catalog((options,), tmp_path / "mirrors")
    told: list[IndexProgress] = []

    [first] = await Refresh(catalog).run([options.root], told.append)
    [second] = await Refresh(catalog).run([options.root, str(tmp_path)])

    assert (first.changed, first.documents, first.failure) == (True, 2, None)
    assert (second.changed, second.documents, second.failure) == (False, 2, None)
    assert {progress.stage for progress in told} == {"fetch"}
    assert (told[-1].done, told[-1].total) == (2, 2)
    assert len(scan([options.root], catalog).files) == 2


async def test_progress_counts_what_is_fetched_at_once_together(site: Site, tmp_path: Path) -> None:
    """Whoever looks sees one bar, which does not jump between the counts of two sites."""
    async with serving(Site()) as other:
        sites = {site: 3, other: 8}
        for one, pages in sites.items():
            names = [f"/{number}" for number in range(1, pages)]
            one.pages = {"/": page("Help", *names), "*": page("Any")}
        catalog = Catalog(tuple(SourceOptions(f"{one.address}/", pause=0.0) for one in sites), tmp_path / "mirrors")
        told: list[IndexProgress] = []

        await Refresh(catalog).run([one.root for one in catalog.described], told.append)

    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert all(progress.done <= progress.total <= 11 for progress in told)
    assert (told[-1].done, told[-1].total) == (11, 11)
    places = {progress.document.removeprefix("http://").partition("/")[0] for progress in told}
    assert places == {one.address.removeprefix("http://") for one in sites}


async def test_what_another_worker_has_just_fetched_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    site.pages = {"/": page("Help")}
    options = SourceOptions(f"{site.address}/", pause=0.0)
    catalog = Catalog((options,), tmp_path / "mirrors")
    began = time.time() - 1
    await Refresh(catalog).run([options.root], since=began)

    [second] = await Refresh(catalog).run([options.root], since=began)
    assert site.asked_for("/") == 1
    assert (second.changed, second.documents, second.failure) == (True, 1, None), "it may not be indexed yet"

    await Refresh(catalog).run([options.root], since=time.time() + 60)
    assert site.asked_for("/") == 2


async def test_a_crawl_that_is_killed_goes_on_and_nothing_is_asked_twice(site: Site, tmp_path: Path) -> None:
    """The fetching process is killed for good while it waits for a page; the next run begins behind what was read."""
    names = [f"/{number}" for number in range(6)]
    reached: asyncio.Queue[str] = asyncio.Queue()
    stuck = {"/3"}

    async def answer(request):  # type: ignore[no-untyped-def]
        from aiohttp import web

        if request.path in stuck:
            await reached.put(request.path)
            await site.closing.wait()
        return web.Response(text=page(request.path), content_type="text/html")

    site.pages = {"/": page("Help", *names), "*": answer}
    options = SourceOptions(f"{site.address}/", pause=0.0)
    catalog = Catalog((options,), tmp_path / "mirrors")
    assert catalog.mirrors is not None
    run = asyncio.create_task(Refresh(catalog).run([options.root]))
    for _ in range(2):  # the second process is the first one's replacement
        await reached.get()
        killed = [one for one in _children() if b"knowledge.sources.worker" in _command(one)]
        assert len(killed) == 1
        os.kill(killed[0], signal.SIGKILL)
    await reached.get()
    stuck.clear()
    os.kill(next(one for one in _children() if b"knowledge.sources.worker" in _command(one)), signal.SIGKILL)
    [failed] = await run
    assert failed.failure == "fetching it made the crawler crash"
    found = scan([options.root], catalog)
    assert len(found.files) == 4, "what was read before is there"
    assert any("crash" in reason for _, reason in found.skipped)

    [resumed] = await Refresh(catalog).run([options.root])

    assert (resumed.failure, resumed.documents) == (None, 7)
    assert {path: site.asked_for(path) for path in ["/", *names]} == {"/": 1, **dict.fromkeys(names, 1), "/3": 4}


async def test_a_repository(repository: Path, tmp_path: Path) -> None:
    options = SourceOptions(repository.as_uri(), folder="docs", language="en")
    catalog = Catalog((options,), tmp_path / "mirrors")

    [first] = await Refresh(catalog).run([options.root])
    found = scan([options.root], catalog)
    (repository / "docs" / "start.md").write_text("# Start\n\nHello again.")
    (repository / "docs" / "billing" / "refunds.md").unlink()
    _git(repository, "commit", "--quiet", "-am", "second")
    [second] = await Refresh(catalog).run([options.root])
    later = scan([options.root], catalog)
    assert all(file.path.exists() for file in found.files), "whoever reads the commit before can go on"
    [third] = await Refresh(catalog).run([options.root])

    assert (first.failure, first.documents, second.changed, third.changed) == (None, 2, True, False)
    assert {(file.source, file.category) for file in found.files} == {
        ("handbook/start.md", None),
        ("handbook/billing/refunds.md", "Billing"),
    }
    assert not (tmp_path / "hooked").exists()
    start = {file.id: file.path.read_text() for file in later.files if file.source == "handbook/start.md"}
    assert list(start.values()) == ["# Start\n\nHello again."]
    assert set(start) <= {file.id for file in found.files}, "the same document at another commit"
    assert "handbook/billing/refunds.md" not in {file.source for file in later.files}


async def test_a_repository_that_is_not_there_keeps_what_was_read(repository: Path, tmp_path: Path) -> None:
    options = SourceOptions(repository.as_uri())
    catalog = Catalog((options,), tmp_path / "mirrors")
    await Refresh(catalog).run([options.root])
    await asyncio.to_thread(repository.rename, tmp_path / "moved")

    [failed] = await Refresh(catalog).run([options.root])

    assert "fatal:" in str(failed.failure)
    assert len(scan([options.root], catalog).files) == 3


async def test_a_git_that_was_killed_locks_nothing_and_nothing_grows(repository: Path, tmp_path: Path) -> None:
    options = SourceOptions(repository.as_uri())
    catalog = Catalog((options,), tmp_path / "mirrors")
    mirror = Mirror.of(tmp_path / "mirrors", options.root).folder
    (mirror / "repository.git").mkdir(parents=True)
    (mirror / "repository.git" / "HEAD").write_text("ref: refs/heads/main")
    (mirror / "repository.git" / "index.lock").touch()
    (mirror / "new-tree").mkdir()

    [first] = await Refresh(catalog).run([options.root])

    assert (first.failure, first.documents) == (None, 3)
    assert {path.name.partition("-")[0] for path in mirror.iterdir()} == {"lock", "links.json", "state.json", "tree"}


@pytest.mark.parametrize("content", [b"a" * 100_000, bytes(os.urandom(100_000))])
def test_a_repository_larger_than_may_be_is_refused(
    content: bytes, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both as it is sent, and as it would be on the disk: equal letters are sent as a few bytes."""
    (repository / "large.bin").write_bytes(content)
    _git(repository, "add", ".")
    _git(repository, "commit", "--quiet", "-m", "large")
    monkeypatch.setattr(git, "_MOST_BYTES", 50 * 1024)
    options = SourceOptions(repository.as_uri())
    mirror = Mirror(tmp_path / "mirror")

    with mirror.fetching() as draft, pytest.raises(git.GitFailed, match="larger than 50 kB"):
        git.fetch(options, draft, lambda *progress: None)

    assert not list(mirror.folder.glob("*/**/*")), "nothing of it stays"


@pytest.mark.parametrize("address", ["ext::sh -c 'touch {}'", "--upload-pack=touch {}"])
async def test_an_address_runs_no_command(address: str, tmp_path: Path) -> None:
    options = SourceOptions(address.format(tmp_path / "ran"), kind="git")

    [failed] = await Refresh(Catalog((options,), tmp_path / "mirrors")).run([options.root])

    assert failed.failure is not None
    assert not (tmp_path / "ran").exists()


async def test_a_source_of_a_third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed as a package is: a module, and beside it the metadata that names the entry point."""
    package = tmp_path / "site"
    (package / "tiny_source-1.0.dist-info").mkdir(parents=True)
    (package / "tiny_source-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: tiny-source\nVersion: 1.0\n"
    )
    (package / "tiny_source-1.0.dist-info" / "entry_points.txt").write_text(
        "[switchboard.sources]\ntiny = tiny_source:read\n"
    )
    (package / "tiny_source.py").write_text(
        "from knowledge.sources.third_party import Item\n"
        "def read(address, options, known):\n"
        "    if options.get('broken'):\n"
        "        raise RuntimeError('the wiki is down')\n"
        "    same = known.get('1') == 'v1'\n"
        "    yield Item('1', 'space/first.md', None if same else b'# First\\n\\n' + address.encode(), 'v1', 'https://wiki.example/1')\n"
        "    if not same:\n"
        "        yield Item('2', 'space/second.md', b'# Second', 'v1')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(package))
    options = SourceOptions("tiny://wiki/space")
    catalog = Catalog((options,), tmp_path / "mirrors")

    [first] = await Refresh(catalog).run([options.root])
    found = scan([options.root], catalog)
    broken = SourceOptions("tiny://wiki/space", extra=(("broken", "yes"),))
    [failed] = await Refresh(Catalog((broken,), catalog.mirrors)).run([options.root])
    kept = scan([options.root], catalog)
    [second] = await Refresh(catalog).run([options.root])

    assert (guess_kind("tiny://wiki/space"), first.failure, first.documents) == ("tiny", None, 2)
    assert {(file.source, file.url) for file in found.files} == {
        ("space/first.md", "https://wiki.example/1"),
        ("space/second.md", None),
    }
    assert failed.failure == "RuntimeError: the wiki is down"
    assert len(kept.files) == 2
    assert (second.documents, second.changed) == (1, True)
    assert scan([options.root], catalog).files[0].path.read_text() == "# First\n\ntiny://wiki/space"


async def test_what_is_cut_of_a_third_party_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(address: str, options: Mapping[str, str], known: Mapping[str, str]) -> Iterator[third_party.Item]:
        for number in range(3):
            yield third_party.Item(str(number), f"{number}.md", b"# Text")

    monkeypatch.setattr(third_party, "load", lambda kind: read)
    for most in (2, 3):
        with Mirror(tmp_path / str(most)).fetching() as draft:
            state = third_party.fetch(SourceOptions("tiny://wiki", most_pages=most), draft, lambda *progress: None)
        assert len(state.pages) == most
        assert [reason for _, reason in state.problems] == (
            ["has more than the 2 documents of most_pages; the others are left out"] if most == 2 else []
        )


async def test_a_kind_that_is_not_installed_says_so(tmp_path: Path) -> None:
    options = SourceOptions("unheard://of")

    [failed] = await Refresh(Catalog((options,), tmp_path)).run([options.root])

    assert failed.failure == "there is no source of the kind unheard; is its package installed?"


async def test_two_at_once_do_not_meet(site: Site, tmp_path: Path) -> None:
    options = SourceOptions(f"{site.address}/", pause=0.0)
    catalog = Catalog((options,), tmp_path / "mirrors")

    with Mirror.of(tmp_path / "mirrors", options.root).fetching():
        [refused] = await Refresh(catalog).run([options.root])

    assert refused.failure == "is being fetched already"
    assert site.asked == []


async def test_the_disk_is_not_waited_for_where_customers_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure is noted and a copy is opened by another thread than that of the event loop."""
    threads: list[int] = []
    fail, fetching = Mirror.fail, Mirror.fetching

    def noted(mirror: Mirror, reason: str) -> None:
        threads.append(threading.get_ident())
        fail(mirror, reason)

    @contextlib.contextmanager
    def opened(mirror: Mirror) -> Iterator[Draft]:
        threads.append(threading.get_ident())
        with fetching(mirror) as draft:
            yield draft

    async def read(options: SourceOptions, draft: Draft, tell: object) -> State:
        return State()

    monkeypatch.setattr(Mirror, "fail", noted)
    monkeypatch.setattr(Mirror, "fetching", opened)
    catalog = Catalog((SourceOptions(CLOSED_TICKETS),), tmp_path / "mirrors")

    [failed] = await Refresh(catalog).run([CLOSED_TICKETS])

    assert "cannot be reached" in str(failed.failure)
    assert catalog.mirrors is not None
    assert Mirror.of(catalog.mirrors, CLOSED_TICKETS).read().failure == failed.failure
    refresh = Refresh(catalog)
    refresh.read_tickets_with(read)
    for _ in range(2):  # nor is it still held by the first one
        [done] = await refresh.run([CLOSED_TICKETS])
        assert (done.failure, done.documents) == (None, 0)
    assert len(threads) == 3
    assert threading.get_ident() not in threads


def _children() -> list[int]:
    text = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
    return [int(one) for one in text.split()]


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes() if sys.platform == "linux" else b""
