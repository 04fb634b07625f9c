"""What is kept of a source: whoever fetches goes on where it was, and readers carry no links around."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.sources.head import read_head
from knowledge.sources.left_over import remove_left_over
from knowledge.sources.mirror import Mirror, Page, State

PAGE = Page(
    "files/1/a.html", "Help", "", "https://a.example/", '"1"', None, ("https://a.example/b", "https://a.example/c")
)


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "mirror")


def _before(mirror: Mirror) -> State:
    with mirror.fetching() as draft:
        return draft.before


@pytest.mark.parametrize("finished", [True, False])
def test_links_come_back_to_whoever_fetches_and_to_nobody_else(mirror: Mirror, finished: bool) -> None:
    with mirror.fetching() as draft:
        draft.note("/", PAGE)
        if finished:
            draft.finish(State(draft.done))

    with mirror.fetching() as draft:
        known = draft.before.visited if finished else draft.done

    assert known == {"/": PAGE}
    [read] = mirror.read().pages.values()
    assert (read.file, read.url, read.links) == (PAGE.file, PAGE.url, ())


def test_a_source_that_fails_keeps_its_links(mirror: Mirror) -> None:
    with mirror.fetching() as draft:
        draft.finish(State({"/": PAGE}))

    mirror.fail("fetching it made the crawler crash")

    assert _before(mirror).visited == {"/": PAGE}


def test_a_failure_is_said_beside_the_state_until_there_is_a_new_one(mirror: Mirror) -> None:
    """A process that answers customers says it, and should not write all pages and links of a large site for that."""
    with mirror.fetching() as draft:
        draft.finish(State({"/": PAGE}))
    before = {path.name: path.stat().st_ino for path in mirror.folder.iterdir()}

    mirror.fail("fetching it made the crawler crash")

    assert {name: (mirror.folder / name).stat().st_ino for name in before} == before
    state = mirror.read()
    assert (state.failure, state.pages.keys()) == ("fetching it made the crawler crash", {"/"})
    with mirror.fetching() as draft:
        draft.finish(State({"/": PAGE}))
    assert mirror.read().failure is None


def test_what_killed_writers_left_behind_goes(mirror: Mirror) -> None:
    """A state of many megabytes is written beside the old one; nobody else would ever remove it."""
    with mirror.fetching() as draft:
        file = draft.keep(b"Help", "help.html")
        draft.finish(State({"/": replace(PAGE, file=file)}))
    folders = (mirror.folder, (mirror.folder / file).parent)
    old, new = ([folder / f".new-{age}" for folder in folders] for age in ("old", "new"))
    for left in (*old, *new):
        left.write_text("half a state")
    for left in old:
        os.utime(left, (0, 0))

    with mirror.fetching():
        pass

    assert [left.exists() for left in old] == [False, False]
    assert [left.exists() for left in new] == [True, True], "somebody may be writing it"
    assert mirror.read().pages.keys() == {"/"}


def test_a_page_whose_links_were_lost_is_asked_for_anew(mirror: Mirror) -> None:
    """A server that says "not modified" would leave the crawl with a page that leads nowhere, and all behind it as gone."""
    alone = replace(PAGE, links=())
    with mirror.fetching() as draft:
        draft.finish(State({"/": PAGE, "/alone": alone}))
    (mirror.folder / "links.json").unlink()

    assert _before(mirror).visited == {"/": replace(alone, etag=None), "/alone": alone}


def test_the_links_of_a_page_are_bounded_together() -> None:
    """A page says its base once, and each of its short links is then as long as that."""
    base = f'<base href="https://a.example/{"x" * 1900}/">'
    text = base + "".join(f"<a href={number}>.</a>" for number in range(5000))

    assert len("".join(read_head(text, "https://a.example/", "").links)) < 210_000


def test_what_a_menu_says_on_and_on_takes_no_room() -> None:
    text = "<a href=/one>.</a>" * 20_000 + "<a href=/two>.</a>"

    assert read_head(text, "https://a.example/", "").links == ["https://a.example/one", "https://a.example/two"]


def test_what_was_brought_too_long_ago_is_not_taken_for_fresh_however_often_it_is_gone_on_with(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1_000_000.0]
    monkeypatch.setattr("knowledge.sources.mirror.time.time", lambda: now[0])
    for number in range(4):  # cut off each time
        with mirror.fetching() as draft:
            draft.note(f"/{number}", PAGE)
        now[0] += 10 * 3600

    with mirror.fetching() as draft:
        assert set(draft.done) == {"/3"}, "the one before it found all others to be older than a day"
        assert set(draft.before.visited) == {"/0", "/1", "/2"}
        draft.finish(State({**draft.before.visited, **draft.done}))
    with mirror.fetching() as draft:
        assert draft.done == {}


def test_a_journal_that_outlived_its_run_is_nothing(mirror: Mirror) -> None:
    """Killed after the new state was written and before the journal was gone."""
    journal = mirror.folder / "journal.jsonl"
    with mirror.fetching() as draft:
        draft.note("/", PAGE)
        draft.note("/?print=1", PAGE)
        left = journal.read_text()
        draft.finish(State({"/": PAGE}))
    journal.write_text(left)
    assert mirror.read().pages.keys() == {"/"}, "what the run left out does not come back"
    mirror.fail("fetching it made the crawler crash")
    assert mirror.read().pages.keys() == {"/"}

    with mirror.fetching() as draft:
        assert draft.done == {}, "what the next run has not asked for is not done"
        draft.note("/new", PAGE)
    with mirror.fetching() as draft:
        assert draft.done.keys() == {"/new"}


def test_what_is_removed_while_it_is_fetched_stays_removed(mirror: Mirror) -> None:
    with mirror.fetching() as draft:
        mirror.remove()
        draft.keep(b"text", "page.html")
        draft.finish(State({"/": PAGE}))

    assert not mirror.folder.exists()


def test_copies_that_nobody_names_any_more_go(tmp_path: Path) -> None:
    def copy(root: str) -> Mirror:
        found = Mirror.of(tmp_path, root)
        with found.fetching() as draft:
            draft.finish(State({"/": PAGE}))
        return found

    named, gone, fetched = copy("https://named.example"), copy("https://gone.example"), copy("https://busy.example")
    (tmp_path / "notes").mkdir()

    remove_left_over(tmp_path, ["https://named.example"])
    assert gone.folder.exists(), "somebody may have named it a moment ago"

    with fetched.fetching():
        remove_left_over(tmp_path, ["https://named.example"], now=4e9)
    assert not gone.folder.exists()
    assert named.read().pages
    assert fetched.folder.exists()
    assert (tmp_path / "notes").is_dir()


def test_a_file_that_vanishes_while_copies_are_looked_at_ends_nothing(tmp_path: Path) -> None:
    """Whoever fetches writes beside a file and then puts it into its place; a link to nowhere is such a file all the time."""
    fetched, gone = (Mirror.of(tmp_path, root) for root in ("https://busy.example", "https://gone.example"))
    for copy in (fetched, gone):
        with copy.fetching() as draft:
            draft.finish(State({"/": PAGE}))
    (fetched.folder / ".new-1").symlink_to("nowhere")
    for old in (*gone.folder.iterdir(), gone.folder, fetched.folder):
        os.utime(old, (0, 0))

    remove_left_over(tmp_path, [])

    assert fetched.folder.exists()
    assert not gone.folder.exists()
