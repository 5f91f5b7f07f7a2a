"""What a client sends to a portal whose release it does not know, or that is upgraded while the client lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestNotFound,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestServerError,
)
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.dialect import Dialect, is_no_route
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from tests.support.fake_portal.response_faults import Reply, Reset, html
from tests.support.fake_portal.server import Always, Door
from tests.support.fake_portal.state import KEY, ORGANIZATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNKNOWN_ID = "5f00000000000000000000ff"


@pytest.fixture
def stranger(server: Door) -> Iterator[HarvestClient]:
    """A client that knows nothing of a portal of each generation in turn."""
    with HarvestClient(server.url, KEY, retry=RetryPolicy(attempts=1)) as client:
        yield client


def sent(server: Door) -> list[str]:
    """Return what came in, as ``METHOD path`` below the harvest API."""
    return [f"{request.method} {request.path.removeprefix('/harvest')}" for request in server.requests]


# --- the form of a path -----------------------------------------------------------------------------------------------

#: Each call whose path has a slash at its end on new releases only, and what it sends.
ROUTED: dict[str, tuple[Callable[[HarvestClient, str], object], str]] = {
    "backends": (lambda c, s: c.list_backends(), "GET /backends"),
    "get": (lambda c, s: c.get_source(s), "GET /source/{}"),
    "update": (lambda c, s: c.update_source(s, current=c.get_source(s), name="New"), "PUT /source/{}"),
    "delete": (lambda c, s: c.delete_source(s), "DELETE /source/{}"),
    "validate": (lambda c, s: c.validate_source(s), "POST /source/{}/validate"),
    "run": (lambda c, s: c.run_source(s), "POST /source/{}/run"),
    "schedule": (lambda c, s: c.schedule_source(s, "0 3 * * *"), "POST /source/{}/schedule"),
    "unschedule": (lambda c, s: c.unschedule_source(s), "DELETE /source/{}/schedule"),
    "preview": (lambda c, s: c.preview_source(s), "GET /source/{}/preview"),
    "preview of none": (lambda c, s: c.preview_config("n", "u", "dcat"), "POST /source/preview"),
}


@pytest.mark.parametrize("call, request_line", ROUTED.values(), ids=ROUTED.keys())
def test_an_old_release_corrects_the_first_path_only(
    call: Callable[[HarvestClient, str], object], request_line: str, server: Door, stranger: HarvestClient
) -> None:
    source = server.portal.add_source()
    line = request_line.format(source)
    call(stranger, source)
    other = f"GET /source/{source}" if line.startswith("PUT") else None
    if server.portal.generation == "A":
        expected = [f"{other}/", other, line] if other else [f"{line}/", line]
    else:
        expected = [f"{other}/", f"{line}/"] if other else [f"{line}/"]
    assert sent(server) == expected
    server.requests.clear()
    stranger.get_source(source)
    assert len(server.requests) == 1


@pytest.mark.parametrize("call, request_line", ROUTED.values(), ids=ROUTED.keys())
def test_an_upgraded_portal_is_spoken_to_as_it_now_answers(
    call: Callable[[HarvestClient, str], object], request_line: str, newest: Door
) -> None:
    """The form without slash is redirected there, under a name that nobody but the portal knows; nothing follows it."""
    source = newest.portal.add_source()
    with HarvestClient(newest.url, KEY, dialect=Dialect(slash=False)) as client:
        call(client, source)
        assert client.dialect.slash is True
        assert f"{request_line.format(source)}/" in sent(newest)
        newest.requests.clear()
        client.get_source(source)
        assert sent(newest) == [f"GET /source/{source}/"]


@pytest.mark.parametrize("knows", [None, True, False], ids=["a stranger", "of a new one", "of an old one"])
def test_a_post_is_carried_out_once_whatever_was_believed(server: Door, knows: bool | None) -> None:
    source = server.portal.add_source()
    with HarvestClient(server.url, KEY, dialect=Dialect(slash=knows)) as client:
        client.run_source(source)
        client.run_source(source)
    assert server.portal.queue == [source, source]


@pytest.mark.parametrize(
    "step",
    [Reset(handled=True), Reply(504, handled=True), Reply(502, handled=True), Reply(500, {"message": "x"})],
    ids=["reset", "504", "502", "500"],
)
def test_a_post_that_may_have_been_carried_out_is_not_sent_in_the_other_form(
    server: Door, stranger: HarvestClient, step: Any
) -> None:
    source = server.portal.add_source()
    form = "" if server.portal.generation == "A" else "/"
    server.script("POST", f"/harvest/source/{source}/run{form}", step)
    with pytest.raises(HarvestError):
        stranger.run_source(source)
    assert server.count("POST", f"/harvest/source/{source}/run{form}") == 1
    assert len(server.portal.queue) <= 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_write_follows_a_redirect(newest: Door, status: int) -> None:
    source = newest.portal.add_source()
    elsewhere = {"Location": f"{newest.url}/api/1/harvest/source/other/run/"}
    newest.script("POST", "*/run/", Reply(status, None, elsewhere))
    with HarvestClient(newest.url, KEY) as client, pytest.raises(HarvestRedirected):
        client.run_source(source)
    assert sent(newest) == [f"POST /source/{source}/run/"]


@pytest.mark.parametrize("step", [html(404), Reply(404, {"error": "no route", "status": 404})], ids=["page", "router"])
def test_a_proxys_404_is_reported_as_such_and_not_believed_of_the_release(newest: Door, step: Any) -> None:
    source = newest.portal.add_source()
    newest.script("GET", f"/harvest/source/{source}/", step)
    with HarvestClient(newest.url, KEY, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(HarvestNotFound, match=f"source/{source}/ responded with 404"):
            client.get_source(source)
        assert client.dialect.slash is not False
        newest.requests.clear()
        assert client.get_source(source).id == source
        assert len(newest.requests) == 1


def test_a_missing_endpoint_is_said_to_be_missing(newest: Door) -> None:
    newest.script("POST", "*", Always(html(405)))
    with HarvestClient(newest.url, KEY) as client, pytest.raises(HarvestRequestRejected, match="responded with 405"):
        client.run_source(newest.portal.add_source())


def test_an_unknown_source_is_distinguished_from_an_outage(server: Door, stranger: HarvestClient) -> None:
    with pytest.raises(HarvestNotFound):
        stranger.get_source(UNKNOWN_ID)
    source = server.portal.add_source()
    server.script("GET", f"/harvest/source/{source}*", Always(Reply(500, {"message": "Internal Server Error"})))
    with pytest.raises(HarvestServerError):
        stranger.get_source(source)


def test_the_page_of_a_source_can_be_opened_before_any_answer(server: Door, stranger: HarvestClient) -> None:
    """A browser is redirected if a slash is missing, and finds nothing if there is one too many."""
    assert stranger.source_url("S") == f"{server.url}/api/1/harvest/source/S"
    stranger.list_backends()
    slash = "" if server.portal.generation == "A" else "/"
    assert stranger.source_url("S") == f"{server.url}/api/1/harvest/source/S{slash}"


# --- items and counters -----------------------------------------------------------------------------------------------


def filled(server: Door) -> tuple[str, str]:
    """Add a source with a job of three items; return the ids of both."""
    source = server.portal.add_source(owner=None, organization=dict(ORGANIZATION))
    job = server.portal.add_job(source)
    server.portal.add_items(job, done=2, failed=1)
    return source, job


#: Every reading that differs between releases, and what it comes to.
READINGS: dict[str, Callable[[HarvestClient, str, str], object]] = {
    "items": lambda c, s, j: [item.remote_id for item in c.iter_job_items(j)],
    "failed items": lambda c, s, j: [item.remote_id for item in c.iter_job_items(j, "failed")],
    "remote ids": lambda c, s, j: list(c.iter_remote_ids(j)),
    "newest item of a job": lambda c, s, j: getattr(c.newest_item(c.peek_job(j)), "remote_id", None),
    "newest item of a listed job": lambda c, s, j: getattr(c.newest_item(c.recent_jobs(s)[0]), "remote_id", None),
    "history": lambda c, s, j: [job.counts and job.counts.total for job in c.job_history(s)],
    "a job": lambda c, s, j: getattr(c.get_job(j).counts, "failed", None),
    "sources of an organization": lambda c, s, j: [one.id for one in c.iter_sources(organization=ORGANIZATION["id"])],
    "source": lambda c, s, j: c.get_source(s).name,
    "backends": lambda c, s, j: [backend.id for backend in c.list_backends()],
}
#: Readings to which new releases respond with more.
RICHER: dict[str, Callable[[HarvestClient, str, str], object]] = {
    "jobs": lambda c, s, j: [job.counts and job.counts.total for job in c.iter_jobs(s)],
    "last jobs": lambda c, s, j: [
        entry["last_job"] and isinstance(entry["last_job"]["items"], dict) for entry in c.iter_last_jobs(counters=True)
    ],
}


@pytest.mark.parametrize("read", READINGS.values(), ids=READINGS.keys())
def test_every_reading_gives_the_same_on_every_release(
    read: Callable[[HarvestClient, str, str], object],
    server: Door,
    stranger: HarvestClient,
    newest: Door,
) -> None:
    with HarvestClient(newest.url, KEY) as client:
        expected = read(client, *filled(newest))
    ids = filled(server)
    known = dict(zip(newest.portal.sources, server.portal.sources, strict=True))
    if isinstance(expected, list):
        expected = [known.get(value, value) if isinstance(value, str) else value for value in expected]
    assert read(stranger, *ids) == expected
    assert read(stranger, *ids) == expected


@pytest.mark.parametrize("old", ["A", "B"])
@pytest.mark.parametrize("read", [*READINGS.values(), *RICHER.values()], ids=[*READINGS, *RICHER])
def test_every_reading_survives_an_upgrade(
    read: Callable[[HarvestClient, str, str], object], old: str, newest: Door
) -> None:
    """The client of a trigger lives for weeks: what it learned of the old release is corrected by the next response."""
    source, job = filled(newest)
    newest.portal.add_source()
    with HarvestClient(newest.url, KEY) as stranger:
        expected = read(stranger, source, job)
    newest.portal.generation = old
    with HarvestClient(newest.url, KEY) as client:
        for learn in READINGS.values():
            learn(client, source, job)
        read(client, source, job)
        assert client.dialect == Dialect(slash=old != "A", embeds_items=True, filters_by_owner=True)
        newest.portal.generation = "D"
        assert read(client, source, job) == expected


def test_jobs_are_counted_from_17_on_only(server: Door, stranger: HarvestClient) -> None:
    """Up to 16.x a list of items comes, of which the mask leaves nothing to count."""
    source, job = filled(server)
    for _ in range(2):
        counts = [listed.counts and listed.counts.failed for listed in stranger.iter_jobs(source)]
        assert counts == [None if server.portal.generation in "AB" else 1]
    assert stranger.peek_job(job).counts is not None


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ours, others, requests", [(1, 0, 1), (2, 2, 1), (2, 9, None), (7, 0, None), (0, 9, None)])
def test_an_organizations_sources_are_listed_whole_and_once(
    ours: int, others: int, requests: int | None, server: Door, stranger: HarvestClient
) -> None:
    """Up to 16.x the filter of new releases is ignored: the response shows it."""
    for number in range(max(ours, others)):
        if number < others:
            server.portal.add_source(f"Other {number}")
        if number < ours:
            server.portal.add_source(f"Ours {number}", owner=None, organization=dict(ORGANIZATION))
    for _ in range(2):
        listed = [source.name for source in stranger.iter_sources(organization=ORGANIZATION["id"], page_size=5)]
        assert sorted(listed) == [f"Ours {number}" for number in range(ours)]
    if requests is not None:
        assert len(server.requests) <= 2 * requests


def test_the_only_filter_that_restricts_is_used_once_it_is_known(server: Door, stranger: HarvestClient) -> None:
    for number in range(12):
        whose = {"owner": None, "organization": dict(ORGANIZATION)} if number < 2 else {}
        server.portal.add_source(f"Source {number}", **whose)
    list(stranger.iter_sources(organization=ORGANIZATION["id"], page_size=5))
    server.requests.clear()
    assert len(list(stranger.iter_sources(organization=ORGANIZATION["id"], page_size=5))) == 2
    (request,) = server.requests
    assert ("owner" if server.portal.generation in "AB" else "organization") in request.query


# --- what travels -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [None, [], "x", {}, {"slash": None}, {"slash": "yes"}, {"unknown": True}], ids=repr)
def test_what_is_no_memory_of_a_portal_shows_nothing(data: Any) -> None:
    assert Dialect.from_dict(data) == Dialect()


def test_what_was_learned_travels() -> None:
    learned = Dialect(slash=False, embeds_items=True)
    assert learned.to_dict() == {"slash": False, "embeds_items": True}
    assert Dialect.from_dict({**learned.to_dict(), "of a later version": 1}) == learned


@pytest.mark.parametrize(
    "error, is_missing",
    [
        (HarvestNotFound("", status_code=404, payload="<html>"), True),
        (HarvestNotFound("", status_code=404, payload={"error": "x", "status": 404}), True),
        (HarvestNotFound("", status_code=404, payload={"message": "unknown source"}), False),
        (HarvestRequestRejected("", status_code=405, payload="<html>"), True),
        (HarvestRequestRejected("", status_code=405, payload={"message": "x"}), False),
        (HarvestRequestRejected("", status_code=400, payload="<html>"), False),
        (HarvestServerError("", status_code=500, payload="<html>"), False),
        (HarvestRedirected("", adds_slash=True), True),
        (HarvestRedirected(""), False),
        (HarvestError(""), False),
    ],
)
def test_what_counts_as_a_missing_path(error: HarvestError, is_missing: bool) -> None:
    assert is_no_route(error) is is_missing
