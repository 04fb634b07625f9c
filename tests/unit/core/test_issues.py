"""How an issue is told from others, and what is no address of one."""

from __future__ import annotations

import pytest

from core.domain.case import case_of_side_thread, side_thread
from core.domain.errors import InvalidInput
from core.domain.issues import ISSUES, issue_at


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/acme/app/issues/12", "http://GitHub.com/Acme/App/issues/12/?x=1#issuecomment-5"),
        ("https://github.com/acme/app/issues/12", "https://github.com:443/acme/app/issues/12"),
        ("https://gitlab.com/g/sub/app/-/issues/3", "https://gitlab.com/g/sub/app/-/work_items/3"),
        ("https://acme.atlassian.net/browse/APP-7", "https://acme.atlassian.net/browse/APP-7?focusedCommentId=1"),
        ("https://linear.app/acme/issue/APP-7/export-fails", "https://linear.app/acme/issue/APP-7/export-is-broken"),
        (" https://bugs.example.com/show_bug.cgi?id=5 ", "https://bugs.example.com/show_bug.cgi?id=5#c2"),
    ],
)
def test_addresses_of_one_issue(one: str, other: str) -> None:
    assert issue_at(one).ref == issue_at(other).ref


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/acme/app/issues/12", "https://github.com/acme/app/issues/1"),
        ("https://github.com/acme/app/issues/12", "https://github.com/acme/api/issues/12"),
        ("https://github.com/acme/app/issues/12", "https://github.example.com/acme/app/issues/12"),
        ("https://git.example.com:8443/a/b/issues/1", "https://git.example.com/a/b/issues/1"),
        ("https://bugs.example.com/show_bug.cgi?id=5", "https://bugs.example.com/show_bug.cgi?id=6"),
        ("https://linear.app/acme/issue/APP-7/x", "https://linear.app/acme/issue/APP-8/x"),
    ],
)
def test_addresses_of_two_issues(one: str, other: str) -> None:
    assert issue_at(one).ref != issue_at(other).ref


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "APP-7",
            "https://",
            "https:///issues/1",
            "javascript:alert(1)",
            "ftp://example.com/1",
            "//example.com/1",
        ),
        *(
            "https://user:secret@example.com/1",
            "https://example.com:99999/1",
            "https://[::1/1",
            "https://example.com/\n1",
        ),
        *(
            "https://example.com/<!channel>",
            "https://example.com/a|b",
            "https://example.com/1\u202e",
            "https://e.com/é",
        ),
        "https://example.com/" + "1" * 500,
    ],
)
def test_what_is_no_address_of_a_page(url: str) -> None:
    with pytest.raises(InvalidInput):
        issue_at(url)


@pytest.mark.parametrize(
    ("url", "called"),
    [
        ("https://github.com/acme/app/issues/12", "app#12"),
        ("https://gitlab.com/g/sub/app/-/work_items/3", "app#3"),
        ("https://acme.atlassian.net/browse/APP-7", "APP-7"),
        ("https://tracker.example.com", "tracker.example.com"),
    ],
)
def test_what_an_issue_is_called_where_nobody_says_it(url: str, called: str) -> None:
    assert issue_at(url).key == called


def test_words_of_others_are_bounded_and_on_one_line() -> None:
    found = issue_at("https://example.com/1", key="K\n" * 500, title="T \n" * 500)
    assert (len(found.key), len(found.title)) == (60, 200)
    assert "\n" not in found.key + found.title


def test_the_thread_of_a_cases_issues() -> None:
    assert case_of_side_thread(ISSUES, side_thread(ISSUES, "c.1")) == "c.1"
    assert case_of_side_thread(ISSUES, "T1/C1/1.2") is None
