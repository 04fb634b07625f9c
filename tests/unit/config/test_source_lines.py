"""What a person reads of each source, in every state that it can be in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from config.commands.source_lines import source_lines, went_well
from core.domain.jobs import Job, JobState
from core.domain.knowledge import IndexProgress, SourceReport

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 7, 1, 7, tzinfo=UTC).timestamp()
NEW = Job("", "1", "/srv/docs", "0 9 * * * Europe/Berlin", NINE, None, 0, JobState.NEW)
DONE = replace(NEW, state=JobState.DONE, run=1, began_at=NINE, seen_at=NINE + 5, ended_at=NINE + 5)
DONE = replace(DONE, next_run_at=NINE + 86_400, report=SourceReport("1", 2, 3, 1))


def lines(job: Job) -> list[str]:
    heading, name, *rest = source_lines([job], BERLIN)
    assert (heading, name) == ("sources:", "  /srv/docs")
    return [line.strip() for line in rest]


def test_before_any_hub_there_is_nothing_to_say() -> None:
    assert list(source_lines([], BERLIN)) == []


def test_what_was_never_read() -> None:
    assert lines(NEW) == ["was not read yet", "is read next at 2026-07-01 09:00:00"]
    assert lines(replace(NEW, next_run_at=None))[-1] == "is read when somebody asks for it"
    assert went_well(NEW)


def test_what_was_read() -> None:
    assert lines(DONE) == [
        "was read last at 2026-07-01 09:00:05: 2 indexed, 3 unchanged, 1 removed",
        "is read next at 2026-07-02 09:00:00",
    ]
    assert went_well(DONE)


def test_what_failed_and_what_was_left_out() -> None:
    failed = replace(DONE, state=JobState.FAILED, error="there is no such folder")
    assert lines(failed)[0] == "was read last at 2026-07-01 09:00:05: it failed: there is no such folder"
    assert not went_well(failed)
    left = tuple((f"docs/{number}.pdf", "is encrypted") for number in range(12))
    some = replace(DONE, report=SourceReport("1", 2, 3, 1, left))
    assert lines(some)[1] == "docs/0.pdf: is encrypted"
    assert lines(some)[11] == "and 2 more"
    assert not went_well(some)


def test_what_is_under_way_says_how_far_it_is_and_how_it_went_before() -> None:
    running = replace(DONE, state=JobState.RUNNING, began_at=NINE + 60, seen_at=NINE + 70)
    running = replace(running, progress=IndexProgress(3, 9, "docs/a.md"), asked_at=NINE + 65)
    sign = "its last sign of life was at 2026-07-01 09:01:10"
    assert lines(running) == [
        f"is being read since 2026-07-01 09:01:00, embed: 3 of 9 documents, at docs/a.md; {sign}",
        "was read last at 2026-07-01 09:00:05: 2 indexed, 3 unchanged, 1 removed",
        "is to be read as soon as can be, as was asked at 2026-07-01 09:01:05",
        "is read next at 2026-07-02 09:00:00",
    ]
    together = replace(running, progress=IndexProgress(3, 9, "", together=True))
    assert "3 of 9 documents of all sources that are read together;" in lines(together)[0]
    assert went_well(running)


def test_what_was_cut_off_and_what_took_it_up() -> None:
    cut = replace(DONE, state=JobState.INTERRUPTED, began_at=NINE + 60, seen_at=NINE + 70)
    assert lines(cut)[0] == (
        "was being read since 2026-07-01 09:01:00 and was cut off about 2026-07-01 09:01:10; it is taken up"
    )
    assert not went_well(cut)
    again = replace(cut, state=JobState.RUNNING, cut_off_at=NINE + 70, began_at=NINE + 90)
    taken = ", taken up from one that was cut off about 2026-07-01 09:01:10"
    assert lines(again)[0].startswith(f"is being read since 2026-07-01 09:01:30{taken};")
    ended = replace(again, state=JobState.DONE, ended_at=NINE + 99)
    assert lines(ended)[0].startswith(f"was read last at 2026-07-01 09:01:39{taken}: 2 indexed")
    assert went_well(ended)
