"""Reading jobs and items in each generation, and telling unknown ones from outages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_harvest.exceptions import HarvestNotFound, HarvestResponseLost, HarvestServerError
from tests.support.fake_portal.response_faults import Reply, Reset, failure_of, html
from tests.support.fake_portal.server import Always, Door

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient

UNKNOWN_ID = "0" * 24


class TestUnknownThings:
    """Old releases respond with 500 to what they do not know: it is distinguished from an outage."""

    @pytest.mark.parametrize("ident", [UNKNOWN_ID, "some-slug"])
    def test_source(self, ident: str, server: Door, client: HarvestClient) -> None:
        server.portal.add_source()
        assert isinstance(failure_of(lambda: client.get_source(ident)), HarvestNotFound)

    def test_source_that_is_listed_is_an_outage(self, server: Door, client: HarvestClient) -> None:
        source = server.portal.add_source(deleted="2026-01-01T00:00:00+00:00")
        server.script("GET", "/harvest/source/*", Always(Reply(500, {"message": "Internal Server Error"})))
        assert isinstance(failure_of(lambda: client.get_source(source)), HarvestServerError)

    @pytest.mark.parametrize("jobs", [0, 1], ids=["with no job at all", "with another job"])
    def test_job(self, jobs: int, server: Door, client: HarvestClient) -> None:
        source = server.portal.add_source()
        for _ in range(jobs):
            server.portal.add_job(source)
        assert isinstance(failure_of(lambda: client.get_job(UNKNOWN_ID)), HarvestNotFound)

    def test_job_that_is_listed_is_an_outage(self, server: Door, client: HarvestClient) -> None:
        job = server.portal.add_job(server.portal.add_source())
        server.script("GET", "/harvest/job/*", Always(Reply(500, {"message": "Internal Server Error"})))
        assert isinstance(failure_of(lambda: client.get_job(job)), HarvestServerError)

    def test_job_that_its_source_still_names_is_not_unknown(self, server: Door, client: HarvestClient) -> None:
        job = server.portal.add_job(server.portal.add_source())
        server.portal.add_job(server.portal.add_source())
        server.script("GET", f"/harvest/job/{job}/", Always(Reply(500, {"message": "Internal Server Error"})))
        assert isinstance(failure_of(lambda: client.get_job(job)), HarvestServerError)

    @pytest.mark.parametrize("path", ["/harvest/job/*", "/harvest/*"], ids=["of all jobs", "of all"])
    @pytest.mark.parametrize("step", [Reply(500, {"message": "x"}), html(502), Reset()], ids=["500", "502", "reset"])
    def test_job_during_an_outage(self, step: Any, path: str, server: Door, client: HarvestClient) -> None:
        server.portal.add_job(server.portal.add_source())
        server.script("GET", path, Always(step))
        error = failure_of(lambda: client.get_job(UNKNOWN_ID))
        assert isinstance(error, (HarvestServerError, HarvestResponseLost))

    def test_job_that_is_peeked_at_costs_one_request(self, server: Door, client: HarvestClient) -> None:
        error = failure_of(lambda: client.peek_job(UNKNOWN_ID))
        assert type(error) is (HarvestNotFound if server.portal.generation == "D" else HarvestServerError)
        assert len(server.requests) == 1


class TestJobs:
    def test_of_a_source_that_is_gone(self, server: Door, client: HarvestClient) -> None:
        if server.portal.generation == "A":
            assert client.recent_jobs(UNKNOWN_ID) == list(client.iter_jobs(UNKNOWN_ID)) == []
        else:
            assert isinstance(failure_of(lambda: client.recent_jobs(UNKNOWN_ID)), HarvestNotFound)
            assert isinstance(failure_of(lambda: list(client.iter_jobs(UNKNOWN_ID))), HarvestNotFound)

    def test_beyond_the_last_page_are_none(self, server: Door, client: HarvestClient) -> None:
        source = server.portal.add_source()
        jobs = [server.portal.add_job(source) for _ in range(3)]
        assert [job.id for job in client.recent_jobs(source, page_size=2)] == jobs[:0:-1]
        assert [job.id for job in client.recent_jobs(source, 2, 2)] == jobs[:1]
        assert client.recent_jobs(source, 3, 2) == []

    def test_list_their_items_alike(self, server: Door, client: HarvestClient) -> None:
        job = server.portal.add_job(server.portal.add_source())
        server.portal.add_items(job, done=2, failed=1)
        assert [item.remote_id for item in client.iter_job_items(job)] == ["record-1", "record-2", "record-3"]
        assert [item.remote_id for item in client.iter_job_items(job, "failed")] == ["record-3"]
        counts = client.peek_job(job).counts
        assert counts is not None
        assert (counts.total, counts.done, counts.failed) == (3, 2, 1)

    @pytest.mark.parametrize("known", [True, False], ids=["with its counters", "without"])
    def test_have_their_newest_item(self, known: bool, server: Door, client: HarvestClient) -> None:
        job = server.portal.add_job(server.portal.add_source())
        assert client.newest_item(client.peek_job(job, progress=known)) is None
        server.portal.add_items(job, done=3)
        newest = client.newest_item(client.peek_job(job) if known else client.recent_jobs(job_source(server, job))[0])
        assert newest is not None
        assert newest.remote_id == "record-3"


def job_source(server: Door, job: str) -> str:
    """The id of the source that a job belongs to."""
    return str(server.portal.jobs[job]["source_id"])
