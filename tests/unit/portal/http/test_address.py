"""Where a portal is, from what people type as its address."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.address import (
    expand_page,
    is_loopback,
    known_pages,
    refuse_key_in_clear,
    site_url,
)
from airflow_provider_harvest.portal.http.dialect import Dialect
from airflow_provider_harvest.portal.http.places import Places


@pytest.mark.parametrize(
    "given, site",
    [
        pytest.param(("www.data.gouv.fr",), "https://www.data.gouv.fr", id="a name"),
        pytest.param((" www.data.gouv.fr/ ",), "https://www.data.gouv.fr", id="blanks and a slash"),
        pytest.param(("https://www.data.gouv.fr",), "https://www.data.gouv.fr", id="an address"),
        pytest.param(("HTTPS://WWW.Data.Gouv.FR/",), "https://www.data.gouv.fr", id="capitals"),
        pytest.param(("https://www.data.gouv.fr/api/1/",), "https://www.data.gouv.fr", id="the API's root"),
        pytest.param(("https://portal.example/data/api/1",), "https://portal.example/data", id="the API below a path"),
        pytest.param(("https://portal.example/data/",), "https://portal.example/data", id="a path"),
        pytest.param(("https://portal.example?x=1#y",), "https://portal.example", id="a query and a fragment"),
        pytest.param(("portal.example", "http"), "http://portal.example", id="a scheme"),
        pytest.param(("https://portal.example", "http"), "https://portal.example", id="two schemes: the host's"),
        pytest.param(("portal.example", "", 0), "https://portal.example", id="the form's empty port"),
        pytest.param(("portal.example", None, 8443), "https://portal.example:8443", id="a port"),
        pytest.param(("portal.example:8443",), "https://portal.example:8443", id="a port in the host"),
        pytest.param(("portal.example:8443", None, 8443), "https://portal.example:8443", id="the same port twice"),
        pytest.param(("portal.example", "http", 80), "http://portal.example", id="the usual port of http"),
        pytest.param(("portal.example", None, 443), "https://portal.example", id="the usual port of https"),
        pytest.param(("portal.example", "http", 443), "http://portal.example:443", id="an unusual port"),
        pytest.param(("http://[::1]:7000",), "http://[::1]:7000", id="IPv6"),
        pytest.param(("http://127.0.0.1:7000",), "http://127.0.0.1:7000", id="loopback"),
    ],
)
def test_the_site_is_found(given: tuple[Any, ...], site: str) -> None:
    assert site_url(*given) == site


@pytest.mark.parametrize(
    "given, says",
    [
        pytest.param((None,), "The argument site is empty", id="none"),
        pytest.param(("  ",), "The argument site is empty", id="blanks"),
        pytest.param(
            ("ftp://portal.example",), "The scheme of the argument site must be http or https", id="another scheme"
        ),
        pytest.param(("portal.example", "harvest"), "must be http or https", id="another scheme apart"),
        pytest.param(
            ("https://me:secret@portal.example",),
            "holds credentials: put the API key into the argument api_key",
            id="credentials",
        ),
        pytest.param(("secret@portal.example",), "holds credentials", id="a user"),
        pytest.param(("https://",), "is not a URL", id="no name"),
        pytest.param(("portal example",), "is not a URL", id="a blank within"),
        pytest.param(("portal.example:secret",), "port is not a number", id="no number"),
        pytest.param(("portal.example:99999",), "port is not a number", id="no port has such a number"),
        pytest.param(("http://[::1",), "is not a URL", id="an open bracket"),
        pytest.param(("portal.example:1", None, 2), "two ports", id="two ports"),
    ],
)
def test_what_leads_nowhere_is_refused(given: tuple[Any, ...], says: str) -> None:
    with pytest.raises(HarvestInvalidInput, match=says) as caught:
        site_url(*given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["", "ftp://portal.example", "a@b", "portal.example:x", "https://", "https://[::1"])
def test_a_refusal_names_the_place_where_the_address_was_set(host: str) -> None:
    with pytest.raises(HarvestInvalidInput, match="--portal") as caught:
        site_url(host, places=Places("--portal", "HARVEST_API_KEY", "REQUESTS_CA_BUNDLE"))
    assert "connection" not in str(caught.value)
    assert "argument" not in str(caught.value)


@pytest.mark.parametrize(
    "site, is_here",
    [
        ("http://127.0.0.1:7000", True),
        ("http://127.9.9.9", True),
        ("http://[::1]", True),
        ("http://localhost:7000", True),
        ("http://portal.localhost", True),
        ("http://127.0.0.1.evil.example", False),
        ("http://localhost.evil.example", False),
        ("http://10.0.0.1", False),
        ("http://portal.example", False),
    ],
)
def test_only_this_machine_gets_an_unencrypted_key(site: str, is_here: bool) -> None:
    assert is_loopback(site) == is_here
    refuse_key_in_clear(site, None)
    refuse_key_in_clear(site.replace("http:", "https:"), "a-key")
    if is_here:
        refuse_key_in_clear(site, "a-key")
    else:
        with pytest.raises(HarvestInvalidInput, match="unencrypted: use https") as caught:
            refuse_key_in_clear(site, "a-key")
        assert "a-key" not in str(caught.value)


@pytest.mark.parametrize(
    "template, page",
    [
        (None, "https://p.example/api/1/harvest/job/J/"),
        ("https://p.example/admin/harvesters/{source_id}/jobs/{job_id}", "https://p.example/admin/harvesters/S/jobs/J"),
        ("https://p.example/{other}/{job_id}", "https://p.example/{other}/J"),
    ],
)
def test_pages_are_made_of_their_template(template: str | None, page: str) -> None:
    default = "https://p.example/api/1/harvest/job/{job_id}/"
    assert expand_page(template, default, source_id="S", job_id="J") == page


@pytest.mark.parametrize(
    "site, pages, source, job",
    [
        pytest.param(
            "https://www.data.gouv.fr",
            {},
            "https://www.data.gouv.fr/admin/harvesters/s",
            "https://www.data.gouv.fr/admin/harvesters/s",
            id="a portal whose pages are known",
        ),
        pytest.param(
            "https://dados.gov.pt",
            {},
            "https://dados.gov.pt/admin/harvesters/s",
            "https://dados.gov.pt/admin/harvesters/s/jobs/j",
            id="a portal that has a page of each job",
        ),
        pytest.param(
            "https://dados.gov.pt",
            {"source_page": "https://x/{source_id}"},
            "https://x/s",
            "https://x/s",
            id="the connection knows another page",
        ),
        pytest.param(
            "https://data.public.lu",
            {},
            "https://data.public.lu/admin/harvester/s",
            "https://data.public.lu/admin/harvester/s/",
            id="a portal with the pages of udata 9",
        ),
        pytest.param(
            "https://www.data.gouv.fr",
            {"source_page": "https://x/{source_id}", "job_page": "https://x/{source_id}/{job_id}"},
            "https://x/s",
            "https://x/s/j",
            id="the connection knows better",
        ),
        pytest.param(
            "https://portal.example",
            {"source_page": "https://x/{source_id}"},
            "https://x/s",
            "https://x/s",
            id="one page",
        ),
        pytest.param(
            "https://portal.example",
            {},
            "https://portal.example/api/1/harvest/source/s",
            "https://portal.example/api/1/harvest/job/j/",
            id="another portal: its API",
        ),
    ],
)
def test_pages_for_a_person_to_open(site: str, pages: dict[str, Any], source: str, job: str) -> None:
    with HarvestClient(site, dialect=Dialect(slash=True), **pages) as client:
        assert client.source_url("s").rstrip("/") == source
        assert client.job_url("s", "j") == job


@pytest.mark.parametrize(
    "site", ["https://www.data.gouv.fr.example", "http://www.data.gouv.fr", "https://portal.example"]
)
def test_a_page_is_known_of_one_site_only(site: str) -> None:
    assert known_pages(site) == (None, None)
