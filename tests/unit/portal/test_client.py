"""The client's methods against a server of each generation: what they send, with which key, and what they return."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import (
    HarvestConnectionError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
)
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.http.retry import RetryPolicy
from airflow_provider_harvest.portal.statuses import JOB_STATUSES
from tests.support.fake_portal.response_faults import Pass, Reply, Reset, Truncated, failure_of, html
from tests.support.fake_portal.scripted import FakeClock
from tests.support.fake_portal.server import Always, Door, refusing_address
from tests.support.fake_portal.state import KEY, ORGANIZATION, USER

if TYPE_CHECKING:
    from collections.abc import Callable

UNKNOWN_ID = "0" * 24


SOURCE = "/harvest/source/{source}"
JOB = "/harvest/job/{job}/"
#: Each method with what it sends, and whether the key goes along; ``{s}`` is a slash from generation B on.
CALLS: dict[str, tuple[Callable[[HarvestClient, str, str], object], str, str, bool]] = {
    "whoami": (lambda c, s, j: c.whoami(), "GET", "/me/", True),
    "get_organization": (
        lambda c, s, j: c.get_organization(ORGANIZATION["slug"]),
        "GET",
        "/organizations/{org}/",
        False,
    ),
    "create_organization": (lambda c, s, j: c.create_organization("n", "d"), "POST", "/organizations/", True),
    "list_backends": (lambda c, s, j: c.list_backends(), "GET", "/harvest/backends{s}", False),
    "iter_sources": (lambda c, s, j: list(c.iter_sources()), "GET", "/harvest/sources/", False),
    "create_source": (lambda c, s, j: c.create_source("n", "u", "dcat"), "POST", "/harvest/sources/", True),
    "get_source": (lambda c, s, j: c.get_source(s), "GET", f"{SOURCE}{{s}}", True),
    "get_source, unkeyed": (lambda c, s, j: c.get_source(s, keyed=False), "GET", f"{SOURCE}{{s}}", False),
    "delete_source": (lambda c, s, j: c.delete_source(s), "DELETE", f"{SOURCE}{{s}}", True),
    "preview_source": (lambda c, s, j: c.preview_source(s), "GET", f"{SOURCE}/preview{{s}}", True),
    "preview_config": (lambda c, s, j: c.preview_config("n", "u", "dcat"), "POST", "/harvest/source/preview{s}", True),
    "validate_source": (lambda c, s, j: c.validate_source(s), "POST", f"{SOURCE}/validate{{s}}", True),
    "run_source": (lambda c, s, j: c.run_source(s), "POST", f"{SOURCE}/run{{s}}", True),
    "schedule_source": (lambda c, s, j: c.schedule_source(s, "0 4 * * *"), "POST", f"{SOURCE}/schedule{{s}}", True),
    "unschedule_source": (lambda c, s, j: c.unschedule_source(s), "DELETE", f"{SOURCE}/schedule{{s}}", True),
    "iter_jobs": (lambda c, s, j: list(c.iter_jobs(s)), "GET", f"{SOURCE}/jobs/", False),
    "recent_jobs": (lambda c, s, j: c.recent_jobs(s), "GET", f"{SOURCE}/jobs/", False),
    "job_history": (lambda c, s, j: c.job_history(s), "GET", f"{SOURCE}/jobs/", False),
    "get_job": (lambda c, s, j: c.get_job(j), "GET", JOB, True),
    "get_job, unkeyed": (lambda c, s, j: c.get_job(j, keyed=False), "GET", JOB, False),
    "peek_job": (lambda c, s, j: c.peek_job(j), "GET", JOB, False),
    "iter_job_items": (lambda c, s, j: list(c.iter_job_items(j)), "GET", f"{JOB}{{items}}", False),
}
ANSWERED = {name: call for name, (call, *_) in CALLS.items() if name not in ("delete_source", "unschedule_source")}


class TestEveryMethod:
    @pytest.mark.parametrize("call, method, path, keyed", CALLS.values(), ids=CALLS.keys())
    def test_sends_one_request_in_the_form_of_the_generation(
        self,
        call: Callable[[HarvestClient, str, str], object],
        method: str,
        path: str,
        keyed: bool,
        server: Door,
        client: HarvestClient,
    ) -> None:
        source = server.portal.add_source()
        job = server.portal.add_job(source)
        call(client, source, job)
        slash = "" if server.portal.generation == "A" else "/"
        items = "items/" if server.portal.generation in "CD" else ""
        expected = path.format(s=slash, source=source, job=job, items=items, org=ORGANIZATION["slug"])
        (request,) = server.requests
        assert (request.method, request.path) == (method, expected)
        assert (request.key == KEY) == keyed

    def test_of_statuses_sends_nothing(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        assert client_of(newest).list_job_statuses() == JOB_STATUSES
        assert newest.requests == []

    @pytest.mark.parametrize("ident", ["", "  ", None, ".", ".."], ids=repr)
    def test_takes_no_empty_id(self, ident: Any, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        client = client_of(newest)
        for call in (client.get_source, client.delete_source, client.run_source, client.get_job, client.recent_jobs):
            assert isinstance(failure_of(partial(call, ident)), HarvestInvalidInput)
        assert newest.requests == []

    def test_keeps_an_id_within_its_segment(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        failure_of(lambda: client_of(newest).delete_source("../sources/?x=1#y"))
        assert newest.requests[0].path == "/harvest/source/..%2Fsources%2F%3Fx%3D1%23y/"

    @pytest.mark.parametrize("call", ANSWERED.values(), ids=ANSWERED.keys())
    @pytest.mark.parametrize("body", ["", "[[1]]", '"text"', "{}"], ids=["empty", "list", "text", "object"])
    def test_says_so_when_something_else_is_answered(
        self,
        body: str,
        call: Callable[[HarvestClient, str, str], object],
        newest: Door,
        client_of: Callable[..., HarvestClient],
    ) -> None:
        for method in ("GET", "POST"):
            newest.script(method, "*", Always(Reply(200, body)))
        error = failure_of(lambda: call(client_of(newest), UNKNOWN_ID, UNKNOWN_ID))
        assert isinstance(error, HarvestProtocolError)
        assert re.match(r"Unexpected response to (GET|POST) http\S+/api/1/\S+: expected .*\.$", str(error))


class TestCreate:
    def test_sends_all_that_old_releases_would_take_for_false(self, server: Door, client: HarvestClient) -> None:
        made = client.create_source("Cities", "https://c.example/", "dcat")
        assert server.requests[0].body == {
            "name": "Cities", "url": "https://c.example/", "backend": "dcat", "description": None, "config": {},
            "active": True, "autoarchive": True,
        }  # fmt: skip
        assert made.id in server.portal.sources

    def test_names_owners_only_if_given(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        client = client_of(newest)
        client.create_source("n", "u", "dcat", organization=ORGANIZATION["id"], owner=USER["id"])
        sent = newest.requests[0].body
        assert (sent["organization"], sent["owner"]) == (ORGANIZATION["id"], USER["id"])

    @pytest.mark.parametrize("step", [Reset(handled=True), Truncated(handled=True), Reply(504, handled=True)], ids=str)
    def test_is_sent_once_whatever_happens(
        self, step: Any, newest: Door, client_of: Callable[..., HarvestClient]
    ) -> None:
        newest.script("POST", "*", step)
        error = failure_of(lambda: client_of(newest, retry=None).create_source("n", "u", "dcat"))
        assert isinstance(error, (HarvestResponseLost, HarvestServerError))
        assert len(newest.portal.sources) == 1

    def test_is_rejected_in_each_shape(self, server: Door, client: HarvestClient) -> None:
        error = failure_of(lambda: client.create_source("", "u", "dcat"))
        assert isinstance(error, HarvestRequestRejected)
        assert "responded with 400: name: This field is required" in str(error)


class TestUpdate:
    def test_sends_what_changes_so_that_others_keep_what_they_have_changed(
        self, server: Door, client: HarvestClient
    ) -> None:
        source = server.portal.add_source("Old", active=False, autoarchive=False, config={"features": {"x": True}})
        read = client.get_source(source)
        server.portal.sources[source]["url"] = "https://changed.example/"
        changed = client.update_source(source, current=read, name="New", active=False)
        put = server.requests[-1]
        assert (put.method, put.body) == ("PUT", {"name": "New"})
        assert (changed.name, changed.url) == ("New", "https://changed.example/")

    def test_reads_the_source_where_it_was_not_read(self, server: Door, client: HarvestClient) -> None:
        client.update_source(server.portal.add_source("Old"), name="New")
        assert [request.method for request in server.requests] == ["GET", "PUT"]

    def test_without_a_change_writes_nothing(self, server: Door, client: HarvestClient) -> None:
        source = server.portal.add_source("Old")
        client.update_source(source, name="Old", active=True, description="", config={})
        assert server.count("PUT") == 0

    def test_of_other_fields_is_refused(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        error = failure_of(lambda: client_of(newest).update_source("s", organization="x", schedule="y", name="z"))
        assert isinstance(error, HarvestInvalidInput)
        assert "A source's organization, schedule cannot be changed" in str(error)
        assert newest.requests == []


class TestValidate:
    @pytest.mark.parametrize(
        "arguments, sent",
        [
            ((), {"state": "accepted"}),
            (("accepted", "Fine"), {"state": "accepted", "comment": "Fine"}),
            (("refused", " No licence "), {"state": "refused", "comment": "No licence"}),
        ],
    )
    def test_sends_a_state_always(
        self, arguments: tuple[str, ...], sent: dict[str, str], server: Door, client: HarvestClient
    ) -> None:
        client.validate_source(server.portal.add_source(), *arguments)
        assert server.requests[0].body == sent

    @pytest.mark.parametrize("arguments", [("pending", "x"), ("refused",), ("refused", ""), ("",), (None,)])
    def test_refuses_what_portals_would_misread(
        self, arguments: tuple[Any, ...], newest: Door, client_of: Callable[..., HarvestClient]
    ) -> None:
        assert isinstance(failure_of(lambda: client_of(newest).validate_source("s", *arguments)), HarvestInvalidInput)
        assert newest.requests == []


class TestSchedule:
    def test_is_sent_unquoted_and_labelled_json(self, server: Door, client: HarvestClient) -> None:
        """The one form that gave the right cron on every release."""
        source = server.portal.add_source()
        assert client.schedule_source(source, " 0  4 * * * ").schedule == "0 4 * * *"
        assert server.requests[0].body == "0 4 * * *"
        assert server.requests[0].headers["content-type"] == "application/json"

    @pytest.mark.parametrize("cron", ["", "@daily", "99 * * * *"])
    def test_of_nonsense_is_refused(self, cron: str, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        assert isinstance(failure_of(lambda: client_of(newest).schedule_source("s", cron)), HarvestInvalidInput)
        assert newest.requests == []


class TestSources:
    OWN = ("owner", "organization")

    @pytest.fixture
    def sources(self, server: Door) -> dict[str, str]:
        add = server.portal.add_source
        return {
            "mine": add("Mine"),
            "ours": add("Ours", owner=None, organization=dict(ORGANIZATION)),
            "orphan": add("Orphan", owner=None),
            "deleted": add("Gone", deleted="2026-01-01T00:00:00+00:00"),
        }

    @pytest.mark.parametrize(
        "filters, found",
        [
            ({}, ["orphan", "ours", "mine"]),
            ({"deleted": True}, ["deleted", "orphan", "ours", "mine"]),
            ({"owner": USER["id"]}, ["mine"]),
            ({"organization": ORGANIZATION["id"]}, ["ours"]),
            ({"organization": ORGANIZATION["id"], "fields": "name"}, ["ours"]),
            ({"owner": "5e00000000000000000000ff"}, []),
        ],
        ids=str,
    )
    def test_are_narrowed(
        self, filters: dict[str, Any], found: list[str], client: HarvestClient, sources: dict[str, str]
    ) -> None:
        assert [source.id for source in client.iter_sources(**filters)] == [sources[name] for name in found]

    @pytest.mark.parametrize("filters", [{"owner": USER["id"]}, {"organization": ORGANIZATION["id"]}], ids=OWN)
    def test_are_narrowed_even_where_the_portal_ignores_it(
        self, filters: dict[str, Any], server: Door, client: HarvestClient, sources: dict[str, str]
    ) -> None:
        everything = server.portal.answer("GET", "/harvest/sources/", {}, None, None).body
        server.script("GET", "/harvest/sources/", Reply(200, everything))
        assert len(list(client.iter_sources(**filters))) == 1

    def test_are_requested_by_the_generations_own_filter(
        self, server: Door, client: HarvestClient, sources: dict[str, str]
    ) -> None:
        list(client.iter_sources(organization=ORGANIZATION["id"]))
        name = "owner" if server.portal.generation in "AB" else "organization"
        assert server.requests[0].query[name] == ORGANIZATION["id"]

    def test_are_never_requested_with_deleted_false(
        self, server: Door, client: HarvestClient, sources: dict[str, str]
    ) -> None:
        """Every release takes any value of it for true."""
        list(client.iter_sources(deleted=False))
        assert "deleted" not in server.requests[0].query

    def test_are_searched_here_where_the_portal_may_not_search(
        self, server: Door, client: HarvestClient, sources: dict[str, str]
    ) -> None:
        found = [source.name for source in client.iter_sources(q="our")]  # which this server ignores
        assert found == (["Ours"] if server.portal.generation == "A" else ["Orphan", "Ours", "Mine"])

    def test_are_masked_with_what_narrowing_needs(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        list(client_of(newest).iter_sources(fields="name,last_job{id}"))
        assert newest.requests[0].fields == (
            "data{id,owner{id,first_name,last_name},organization{id,name,slug,page},name,last_job{id}},total"
        )

    def test_are_paged_by_number_never_by_link(self, server: Door, client: HarvestClient) -> None:
        ids = [server.portal.add_source(f"Source {n}") for n in range(5)]
        assert [source.id for source in client.iter_sources(page_size=2)] == ids[::-1]
        assert [request.query["page"] for request in server.requests] == ["1", "2", "3"]


#: Lists of five entries, two in a page, and how many pages come before the proxy's.
LISTS: dict[str, tuple[Callable[[HarvestClient, str], object], int]] = {
    "sources": (lambda c, s: list(c.iter_sources(page_size=2)), 1),
    "jobs": (lambda c, s: list(c.iter_jobs(s, page_size=2)), 1),
    "a page of jobs": (lambda c, s: c.recent_jobs(s, 2, 2), 0),
}


@pytest.mark.parametrize("read, pages", LISTS.values(), ids=LISTS.keys())
def test_a_proxys_page_is_no_end_of_a_list(
    read: Callable[[HarvestClient, str], object], pages: int, server: Door, client: HarvestClient
) -> None:
    source, *_ = [server.portal.add_source(f"Source {number}") for number in range(5)]
    for _ in range(5):
        server.portal.add_job(source)
    for path in ("/harvest/sources/", "/harvest/source/*/jobs/"):
        server.script("GET", path, *[Pass()] * pages, Always(html(404)))
    with pytest.raises(HarvestNotFound):
        read(client, source)


class TestPages:
    def test_of_sources_and_jobs_default_to_the_api(self, server: Door, client: HarvestClient) -> None:
        slash = "" if server.portal.generation == "A" else "/"
        assert client.source_url("S") == f"{server.url}/api/1/harvest/source/S{slash}"
        assert client.job_url("S", "J") == f"{server.url}/api/1/harvest/job/J/"

    def test_are_those_of_the_connection(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        page = "https://p.example/{source_id}"
        client = client_of(newest, source_page=page, job_page=f"{page}/{{job_id}}")
        assert (client.source_url("S"), client.job_url("S", "J")) == ("https://p.example/S", "https://p.example/S/J")
        assert newest.requests == []


class TestJobHistory:
    def test_has_counters_and_errors_in_every_generation(self, server: Door, client: HarvestClient) -> None:
        source = server.portal.add_source()
        for failed in (0, 2):
            job = server.portal.add_job(source)
            server.portal.add_items(job, done=3, failed=failed, archived=1)
            server.portal.end_job(job, "done-errors" if failed else "done", ["Out of disk"] if failed else [])
        server.portal.add_job(source)
        running, newer, older = client.job_history(source)
        assert (running.has_ended, running.counts and running.counts.total) == (False, 0)
        assert newer.counts
        assert (newer.counts.total, newer.counts.failed, newer.counts.archived) == (6, 2, 1)
        assert [error.message for error in newer.errors] == ["Out of disk"]
        assert older.counts
        assert older.counts.failed == 0

    def test_is_as_long_as_requested(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        source = newest.portal.add_source()
        jobs = [newest.portal.add_job(source) for _ in range(4)]
        assert [job.id for job in client_of(newest).job_history(source, 2)] == jobs[:1:-1]


class TestClient:
    def test_makes_no_request_by_itself(self, newest: Door) -> None:
        with HarvestClient(newest.url, KEY) as client:
            assert client.has_key
            assert client.portal_now() == pytest.approx(client.clock.now(), abs=60)
        assert newest.requests == []

    def test_closes_its_connections(self, newest: Door) -> None:
        with HarvestClient(newest.url) as client:
            client.list_backends()
            assert newest.open_connections == 1
        assert newest.wait_until_disconnected()

    def test_shows_no_key(self, newest: Door, client_of: Callable[..., HarvestClient]) -> None:
        assert repr(client_of(newest)) == f"<HarvestClient {newest.url}>"

    def test_refuses_to_send_an_unencrypted_key(self) -> None:
        error = failure_of(lambda: HarvestClient("http://portal.example", KEY))
        assert isinstance(error, HarvestInvalidInput)
        assert KEY not in str(error)

    def test_hides_the_key_that_old_releases_tell(self, client: HarvestClient) -> None:
        assert client.whoami() == USER

    def test_says_where_nobody_answers(self) -> None:
        with refusing_address() as nobody, HarvestClient(nobody, retry=RetryPolicy(attempts=1)) as client:
            assert isinstance(failure_of(client.list_backends), HarvestConnectionError)


class TestClock:
    """One of several fronts of a portal has a wrong clock; the first response may be its."""

    @pytest.mark.parametrize(
        "fronts, requests, skew",
        [
            pytest.param([0.0], 0, 0.0, id="right"),
            pytest.param([-3600.0, 0.0, 0.0], 2, 0.0, id="the first is an hour behind"),
            pytest.param([-3600.0, 0.0, -3600.0, 0.0], 2, -3600.0, id="two of three, which are believed"),
            pytest.param([-1.7e9, 0.0, 0.0], 2, 0.0, id="the first says 1970"),
            pytest.param([600.0], 2, 600.0, id="this machine is ten minutes slow"),
        ],
    )
    def test_is_settled_by_as_many_answers_as_it_takes(
        self, fronts: list[float], requests: int, skew: float, newest: Door
    ) -> None:
        here = FakeClock()
        left = list(fronts)

        def date() -> float:
            return here.now() + (left.pop(0) if len(left) > 1 else left[0])

        source = newest.portal.add_source()
        newest.portal.now = date
        with HarvestClient(newest.url, KEY, clock=here) as client:
            client.get_source(source)
            client.settle_clock()
            assert len(newest.requests) == 1 + requests
            assert abs(client.portal_now() - here.now() - skew) <= 1.0
