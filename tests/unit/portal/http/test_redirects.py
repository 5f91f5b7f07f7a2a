"""Addresses that two parsers could read differently are refused, before anything is sent there."""

from __future__ import annotations

import pytest

from airflow_provider_harvest.portal.http.redirects import adds_slash, origin, target

URL = "https://portal.example/api/1/site/"
AMBIGUOUS = [
    "https://other.example\\@portal.example/",
    "https://portal.example\\@other.example/",
    "https://user@portal.example/",
    "https://user:word@portal.example/",
    "https://portal.example@other.example/",
    "https://portal.example /",
    "https://portal.example\t.other.example/",
    "https://portal.example\n/",
    "https://portal.ex\u0430mple/",
    "https://portal.example:443:80/",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "https://[portal.example/",
    "https://portal.example%5C@other.example/",
]


@pytest.mark.parametrize("address", AMBIGUOUS)
def test_what_two_parsers_read_differently_has_no_origin(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        origin(address)


@pytest.mark.parametrize("address", [*AMBIGUOUS, "", None, "\\\\other.example/", "/a b", "//user@other.example/"])
def test_no_redirect_leads_there(address: str | None) -> None:
    with pytest.raises(ValueError, match=r"."):
        target(URL, address)


@pytest.mark.parametrize(
    "location, found, slash",
    [
        ("/api/1/other/", "https://portal.example/api/1/other/", False),
        ("?page=2&q=a@b", f"{URL}?page=2&q=a@b", False),
        ("https://PORTAL.example:443/api/1/site//", "https://PORTAL.example:443/api/1/site//", True),
        ("http://inner/api/1/site//", "http://inner/api/1/site//", True),
    ],
)
def test_plain_addresses_are_followed_as_they_are(location: str, found: str, slash: bool) -> None:
    assert target(URL, location) == found
    assert adds_slash(URL, found) is slash


@pytest.mark.parametrize(
    "address", ["https://portal.example", "https://PORTAL.example:443/x", "https://portal.example/?a@b"]
)
def test_an_origin_has_its_default_port(address: str) -> None:
    assert origin(address) == ("https", "portal.example", 443)
