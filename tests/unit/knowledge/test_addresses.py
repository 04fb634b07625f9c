"""One page has one address, and a crawl stays where it was sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sources import SourceOptions
from knowledge.sources.address import Scope, normal
from knowledge.sources.git import forge_url
from knowledge.sources.options import guess_kind


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("HTTPS://Help.Example.com:443/a/../b/./c#top", "https://help.example.com/b/c"),
        ("https://help.example.com", "https://help.example.com/"),
        ("https://help.example.com/a?utm_source=x&id=2&fbclid=y", "https://help.example.com/a?id=2"),
        ("https://help.example.com/a?b=2&a=1&a=0", "https://help.example.com/a?b=2&a=1&a=0"),
        ("https://help.example.com/grüße und mehr", "https://help.example.com/gr%C3%BC%C3%9Fe%20und%20mehr"),
        ("https://help.example.com/%7Euser/%e9", "https://help.example.com/~user/%E9"),
        ("https://help.example.com/a%2Fb", "https://help.example.com/a%2Fb"),
        ("https://help.example.com/a;jsessionid=1F/b", "https://help.example.com/a/b"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("mailto:a@b.example", None),
        ("javascript:alert(1)", None),
        ("https://user:password@help.example.com/", None),
        ("https://", None),
        ("http://[::1", None),
        ("http://help.example.com:99999999/", None),
        ("https://help.example.com/" + "a" * 3000, None),
    ],
)
def test_one_form_for_each_address(written: str, found: str | None) -> None:
    assert normal(written) == found


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_an_address_or_none(text: str, base: str) -> None:
    for written in (text, f"https://help.example.com/{text}"):
        found = normal(written, f"https://help.example.com/{base}")
        assert found is None or normal(found) == found, "the one form stays what it is"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("docs", "files"),
        ("/srv/docs/**/*.md", "files"),
        ("https://help.example.com/", "site"),
        ("https://help.example.com/v1.2", "site"),
        ("https://help.example.com/sitemap_index.xml", "sitemap"),
        ("https://help.example.com/sitemaps/one.xml.gz", "sitemap"),
        ("https://help.example.com/terms.PDF", "page"),
        ("https://help.example.com/openapi.yaml", "page"),
        ("https://github.com/example/docs.git", "git"),
        ("git+https://git.example.com/docs", "git"),
        ("git@github.com:example/docs.git", "git"),
        ("ssh://git@git.example.com/docs", "git"),
        ("wiki://space", "wiki"),
    ],
)
def test_the_kind_is_guessed_from_the_address(address: str, kind: str) -> None:
    assert guess_kind(address) == kind


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://www.example.com/help/billing/refunds", True),
        ("http://example.com/help/start", True),
        ("https://example.com/help", True),
        ("https://example.com/helpers", False),
        ("https://example.com/blog", False),
        ("https://example.com:8443/help/a", False),
        ("https://docs.example.com/a", True),
        ("https://example.com.evil.example/help/a", False),
        ("https://example.com/help/archive/old", False),
        ("https://example.com/help/archived", True),
    ],
)
def test_a_crawl_stays_in_its_source(address: str, allowed: bool) -> None:
    scope = Scope.of(SourceOptions("https://example.com/help/", hosts=("*.example.com",), exclude=("archive/**",)))

    assert scope is not None
    assert scope.wants(address) is allowed


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("https://github.com/example/docs.git", "https://github.com/example/docs/blob/main/a%20b/c.md"),
        ("git@github.com:example/docs.git", "https://github.com/example/docs/blob/main/a%20b/c.md"),
        ("https://gitlab.example.org/x/y/docs.git", "https://gitlab.example.org/x/y/docs/-/blob/main/a%20b/c.md"),
        ("ssh://git@codeberg.org/example/docs", "https://codeberg.org/example/docs/src/branch/main/a%20b/c.md"),
        (
            "https://user:secret@bitbucket.org/example/docs.git",
            "https://bitbucket.org/example/docs/src/main/a%20b/c.md",
        ),
        ("https://git.example.com/docs.git", None),
        ("file:///srv/docs", None),
    ],
)
def test_a_file_in_a_forge_has_an_address(address: str, url: str | None) -> None:
    assert forge_url(address, "main", "a b/c.md") == url
