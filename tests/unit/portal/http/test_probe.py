"""Finding out a portal's generation, and that there is none."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestAuthError, HarvestError, HarvestProtocolError, HarvestServerError
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.places import CONNECTION
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from tests.support.fake_portal.response_faults import Reply, garbage, html
from tests.support.fake_portal.server import API, Always, InProcess
from tests.support.fake_portal.state import KEY

ONCE = RetryPolicy(attempts=1)


@pytest.mark.parametrize("letter, requests", [("A", 2), ("B", 2), ("C", 2), ("D", 2)])
def test_takes_two_requests(letter: str, requests: int) -> None:
    with InProcess(letter) as server, HarvestClient(server.url, KEY) as client:
        assert server.requests == []
        assert client.find_generation().letter == letter
        assert len(server.requests) == requests
        assert all(request.key is None for request in server.requests)


@pytest.mark.parametrize("letter", ["A", "B", "C", "D"])
def test_works_behind_a_path(letter: str) -> None:
    with InProcess(letter, base="/data") as server, HarvestClient(f"{server.url}/api/1/") as client:
        assert client.find_generation().letter == letter


NO_PORTALS = [
    pytest.param(html(404), "there is no harvest API", id="a web server"),
    pytest.param(Reply(404, {"error": "Not found"}), "there is no harvest API", id="another API"),
    pytest.param(Reply(400, {"success": False}), "there is no harvest API", id="an API with other versions"),
    pytest.param(html(405), "there is no harvest API", id="a server of something else"),
    pytest.param(html(200), "a web page, not JSON", id="a site that has a page for everything"),
    pytest.param(Reply(200, {"help": "..."}), "no list of harvest backends", id="an API that answers everything"),
    pytest.param(Reply(200, [1]), "it returns no list of harvest backends", id="a list of something else"),
    pytest.param(Reply(200, []), "it returns a job that cannot exist", id="an API that answers an empty list"),
]


@pytest.mark.parametrize("step, says", NO_PORTALS)
def test_another_host_is_distinguished_from_a_portal(step: Any, says: str) -> None:
    with InProcess() as server, HarvestClient(server.url, KEY) as client:
        server.script("GET", "*", Always(step))
        with pytest.raises(HarvestProtocolError, match=says):
            client.find_generation()


def test_the_place_of_the_address_is_named() -> None:
    with InProcess() as server, HarvestClient(server.url, KEY, places=CONNECTION) as client:
        server.script("GET", "*", Always(html(404)))
        with pytest.raises(HarvestProtocolError, match="Set the connection's host to the site of the portal"):
            client.find_generation()


def test_a_redirect_to_the_form_without_slash_is_no_portal_either() -> None:
    with InProcess() as server, HarvestClient(server.url, KEY) as client:
        server.script("GET", "/harvest/backends/", Reply(302, None, {"Location": f"{API}/harvest/backends"}))
        server.script("GET", "/harvest/backends", Always(html(404)))
        with pytest.raises(HarvestProtocolError, match="there is no harvest API"):
            client.find_generation()


@pytest.mark.parametrize(
    "path, step, kind",
    [
        pytest.param("/harvest/backends/", Reply(500, {"message": "x"}), HarvestServerError, id="500 at once"),
        pytest.param("/harvest/job/*", Reply(500, {"message": "x"}), HarvestServerError, id="500 at the second"),
        pytest.param("/harvest/job/*", html(502), HarvestServerError, id="502 from a proxy"),
        pytest.param("/harvest/backends/", html(403), HarvestAuthError, id="a firewall"),
        pytest.param("/harvest/job/*", garbage(), HarvestError, id="garbage"),
    ],
)
def test_a_portal_in_trouble_is_asked_again_the_next_time(path: str, step: Any, kind: type) -> None:
    with InProcess("C") as server, HarvestClient(server.url, retry=ONCE) as client:
        server.script("GET", path, step)
        with pytest.raises(kind):
            client.find_generation()
        assert client.find_generation().letter == "C"
