"""A pass over a portal: which requests it makes, what it leaves out, and what it leaves to the next one."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestServerError
from airflow_provider_harvest.portal.client import HarvestClient
from airflow_provider_harvest.portal.health import examine
from airflow_provider_harvest.portal.sources.listing import SourceFilter
from tests.support.fake_portal.response_faults import Reply, Reset
from tests.support.fake_portal.server import Always, Door
from tests.support.surveyed_portal import START, harvest, harvested, look, requests_of

DAY = 86400.0


class TestRequests:
    def test_a_pass_over_500_sources_that_are_well_is_one(self, server: Door) -> None:
        for number in range(500):
            server.portal.add_source(f"Town {number}")
        first = look(server)
        assert (first.sources, first.findings, requests_of(server)) == (500, (), ["/harvest/sources/"])
        look(server, first)
        assert requests_of(server) == ["/harvest/sources/"]

    def test_so_is_one_without_news_where_much_is_wrong(self, server: Door) -> None:
        harvested(server.portal, status="failed", failed=1)
        server.portal.add_source(active=False)
        server.portal.add_source(validation={"state": "pending"})
        first = look(server, now=START + 8 * DAY)
        requests_of(server)
        second = look(server, first, now=START + 9 * DAY)
        assert len(second.findings) == len(first.findings) >= 3
        assert requests_of(server) == ["/harvest/sources/"]

    def test_there_is_one_for_each_page(self, newest: Door) -> None:
        for number in range(7):
            newest.portal.add_source(f"Town {number}")
        assert look(newest, page_size=3).sources == 7
        assert [request.query["page"] for request in newest.requests] == ["1", "2", "3"]

    def test_fields_are_masked(self, newest: Door) -> None:
        newest.portal.add_source()
        look(newest, checks=("failing",))
        [request] = newest.requests
        assert "description" not in str(request.fields)
        assert "config" not in str(request.fields)

    def test_no_key_is_sent(self, newest: Door) -> None:
        harvested(newest.portal, status="failed", failed=1)
        look(newest)
        assert {request.key for request in newest.requests} == {None}

    def test_there_is_one_more_for_each_source_that_newly_fails(self, server: Door) -> None:
        failing = harvested(server.portal, "Gone", "failed", failed=1)
        harvested(server.portal)
        report = look(server)
        jobs = f"/harvest/source/{failing}/jobs/"
        assert requests_of(server).count(jobs) == report.detail_requests == 1
        assert report.findings[0].detail == "the last harvest failed: 404 Client Error"
        look(server, report)
        assert jobs not in requests_of(server)

    def test_skipped_records_take_two_once_and_their_reason_is_reported(self, server: Door) -> None:
        skipping = harvested(server.portal, done=1, skipped=29)
        for item in server.portal.jobs[next(iter(server.portal.jobs))]["items"]:
            item["errors"] = [{"message": "missing identifier"}] if item["status"] == "skipped" else []
        first = look(server, now=START - 60)
        portal_counts = server.portal.generation in "CD"
        harvest(server.portal, skipping, START + 60, done=1, skipped=29)
        for item in server.portal.jobs[list(server.portal.jobs)[-1]]["items"]:
            item["errors"] = [{"message": "missing identifier"}] if item["status"] == "skipped" else []
        second = look(server, first, now=START + DAY)
        told = (first if portal_counts else second).findings[0]
        assert told.detail == "the last harvest skipped 29 of 30 items: missing identifier"
        assert second.ids("skipped") == [skipping]
        requests_of(server)
        third = look(server, second, now=START + DAY + 60)
        assert (third.ids("skipped"), third.ids("skipped", only_new=True)) == ([skipping], [])
        assert requests_of(server) == ["/harvest/sources/"]

    def test_a_job_that_runs_for_long_takes_two(self, server: Door) -> None:
        source_id = server.portal.add_source()
        server.portal.add_items(server.portal.add_job(source_id), done=3)
        report = look(server, now=START + 5 * 3600)
        assert (report.ids("stuck"), report.detail_requests) == ([source_id], 2)

    def test_a_job_that_has_just_begun_takes_none(self, server: Door) -> None:
        server.portal.add_job(server.portal.add_source())
        assert look(server, now=START + 60).detail_requests == 0

    @pytest.mark.parametrize("server, reads", [("A", 1), ("B", 1), ("C", 0), ("D", 0)], indirect=["server"])
    def test_a_harvest_since_takes_one_only_where_the_list_has_no_counters(self, server: Door, reads: int) -> None:
        source_id = harvested(server.portal)
        first = look(server, now=START + 60)
        harvest(server.portal, source_id, START + DAY, done=4)
        second = look(server, first, now=START + DAY + 60)
        assert (second.ids("shrunk"), second.detail_requests) == ([source_id], reads)


class TestLimit:
    def test_leaves_out_what_is_less_urgent_and_says_so(self, newest: Door) -> None:
        for number in range(3):
            harvested(newest.portal, f"Gone {number}", "failed", failed=1)
        newest.portal.add_job(newest.portal.add_source("Slow"))
        report = look(newest, now=START + 9 * 3600, max_detail_requests=2)
        assert report.detail_requests == 2
        assert report.counts["failing"] == 3
        assert report.incomplete == (
            "Not examined: 1 that newly fail, 1 that run for long; a pass reads 2 at most (max_detail_requests)."
        )

    @pytest.mark.parametrize("step", [None, Reply(500)], ids=["the limit is reached", "the item cannot be read"])
    def test_between_the_two_reads_of_a_job_that_runs_is_reported(self, newest: Door, step: Any) -> None:
        source_id = newest.portal.add_source()
        job = newest.portal.add_job(source_id)
        newest.portal.add_items(job, done=3)
        if step:
            newest.script("GET", "/harvest/job/*/items/", Always(step))
        report = look(newest, now=START + 9 * 3600, max_detail_requests=9 if step else 1)
        assert report.counts["stuck"] == 0
        assert str(report.incomplete).startswith("Not examined: 1 that run for long; ")

    @pytest.mark.parametrize("limit", [1, 2])
    def test_between_the_reads_of_skipped_records_and_their_reason_loses_no_record(
        self, newest: Door, limit: int
    ) -> None:
        harvested(newest.portal, done=1, skipped=29)
        report = look(newest, max_detail_requests=limit)
        assert (report.detail_requests, report.incomplete) == (limit, None)
        assert report.findings[0].detail == "the last harvest skipped 29 of 30 items"

    def test_of_zero_leaves_the_list_alone(self, newest: Door) -> None:
        harvested(newest.portal, "Gone", "failed", failed=1)
        report = look(newest, max_detail_requests=0)
        assert (report.detail_requests, report.counts["newly_failing"]) == (0, 1)

    @pytest.mark.parametrize("server", ["B"], indirect=True)
    def test_gives_every_source_its_turn(self, server: Door) -> None:
        """Up to 16.x each of them wants a read after each night."""
        towns = [harvested(server.portal, f"Town {number}") for number in range(6)]
        report = look(server, now=START + 60)
        for night in (1, 2, 3):
            for town in towns:
                harvest(server.portal, town, START + night * DAY, done=20)
            report = look(server, report, now=START + night * DAY + 60, max_detail_requests=2)
        assert set(report.state["items"]) == set(towns)

    def test_is_not_reached_without_a_word(self, newest: Door) -> None:
        harvested(newest.portal, "Gone", "failed", failed=1)
        assert look(newest, max_detail_requests=1).incomplete is None


class TestPortalInTrouble:
    def test_that_cannot_be_listed_fails_the_pass(self, newest: Door) -> None:
        newest.script("GET", "/harvest/sources/", Always(Reply(503)))
        with pytest.raises(HarvestServerError):
            look(newest)

    @pytest.mark.parametrize("step", [Reply(503), Reply(429), Reset()], ids=["503", "429", "a reset"])
    def test_is_not_requested_more_and_the_report_says_so(self, newest: Door, step: Any) -> None:
        for number in range(3):
            harvested(newest.portal, f"Gone {number}", "failed", failed=1)
        newest.script("GET", "/harvest/source/*/jobs/", Always(step))
        report = look(newest)
        assert (report.detail_requests, report.counts["failing"]) == (1, 3)
        assert str(report.incomplete).startswith("Not examined: 3 that newly fail; the portal could not be read")

    def test_that_cannot_read_one_source_is_asked_about_the_others(self, newest: Door) -> None:
        for number in range(3):
            harvested(newest.portal, f"Gone {number}", "failed", failed=1)
        newest.script("GET", "/harvest/source/*/jobs/", Reply(500), Reply(404))
        report = look(newest)
        assert report.detail_requests == 3
        assert report.incomplete == "Not examined: 2 that newly fail; the jobs of 2 could not be read."

    def test_whose_records_cannot_be_read_says_so(self, newest: Door) -> None:
        """Otherwise it would look as if the portal were about to archive nothing."""
        harvested(newest.portal, done=3)
        newest.script("GET", "/datasets/", Always(Reply(502)))
        report = look(newest, checks=("vanishing",))
        assert report.counts["vanishing"] == 0
        assert str(report.incomplete).startswith("Not compared: 1 of the user ")

    def test_purged_sources_meanwhile_and_what_the_list_reported_is_kept(self, newest: Door) -> None:
        harvested(newest.portal, "Gone", "failed", failed=1)
        newest.portal.add_job(newest.portal.add_source("Slow"))
        newest.script("GET", "/harvest/source/*/jobs/", Always(Reply(200, {"data": [], "total": 0})))
        report = look(newest, now=START + 9 * 3600)
        assert (report.counts["failing"], report.detail_requests, report.incomplete) == (1, 2, None)


class TestNews:
    def test_is_everything_at_the_first_pass(self, newest: Door) -> None:
        newest.portal.add_source(active=False)
        [finding] = look(newest).findings
        assert finding.is_new

    def test_is_what_the_previous_pass_did_not_find(self, newest: Door) -> None:
        old = harvested(newest.portal, "Old", "failed", failed=1)
        first = look(newest)
        new = harvested(newest.portal, "New", "failed", failed=1)
        second = look(newest, first)
        assert {f.source.id: f.is_new for f in second.findings} == {old: False, new: True}
        assert second.ids("failing", only_new=True) == [new]
        assert second.counts["newly_failing"] == 1

    def test_is_what_comes_back_after_it_was_well(self, newest: Door) -> None:
        source_id = harvested(newest.portal, "Town", "failed", failed=1)
        first = look(newest)
        harvest(newest.portal, source_id, START + DAY, done=1)
        second = look(newest, first, now=START + DAY)
        harvest(newest.portal, source_id, START + 2 * DAY, "failed", failed=1)
        third = look(newest, second, now=START + 2 * DAY)
        assert [report.counts["newly_failing"] for report in (first, second, third)] == [1, 0, 1]

    def test_has_a_time_although_the_portal_gives_none(self, newest: Door) -> None:
        newest.portal.add_source(active=False)
        first = look(newest)
        second = look(newest, first, now=START + 5 * DAY)
        assert [report.findings[0].since.timestamp() for report in (first, second)] == [START, START]

    def test_is_everything_for_another_selection(self, newest: Door) -> None:
        newest.portal.add_source("Town", active=False)
        first = look(newest)
        [finding] = look(newest, first, selection=SourceFilter(name="town")).findings
        assert finding.is_new

    @pytest.mark.parametrize("state", [{"schema": 2}, {"schema": 1}, ["state"], {"portal": "x"}])
    def test_is_refused_if_read_from_what_no_pass_left(self, newest: Door, state: Any) -> None:
        if state == {"schema": 1}:
            state = {"schema": 1, "portal": newest.url, "selection": ""}
        with (
            HarvestClient(newest.url) as client,
            pytest.raises(HarvestInvalidInput, match="give what an earlier pass left"),
        ):
            examine(client, previous=state)


def test_every_source_is_counted_by_its_state(newest: Door) -> None:
    newest.portal.add_source()
    newest.portal.add_source(active=False)
    newest.portal.add_source(validation={"state": "pending"})
    for _ in range(2):
        newest.portal.add_source(validation={"state": "refused"})
    assert look(newest).states == {"accepted": 1, "pending": 1, "refused": 2, "inactive": 1}
