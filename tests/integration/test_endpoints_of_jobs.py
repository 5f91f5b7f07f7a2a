"""Each endpoint that reads jobs and their items, with good and bad input, against each real release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestNotFound, HarvestRequestRejected
from airflow_provider_harvest.portal.http import job_reads
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
from tests.support.expected_failures import failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from sandbox import Sandbox

pytestmark = [pytest.mark.integration, pytest.mark.every_release]

UNKNOWN_ID = "0" * 24


@dataclass(frozen=True)
class Harvested:
    """A source that was harvested once, and its job as any reader sees it."""

    source_id: str
    name: str
    job: HarvestJob
    remote_ids: list[str]


@pytest.fixture(scope="module")
def harvested_once() -> dict[str, Harvested]:
    """What `harvested` made on each portal."""
    return {}


@pytest.fixture
def harvested(
    portal: Sandbox,
    anybody: HarvestClient,
    new_harvest: Callable[..., HarvestSource],
    harvested_once: dict[str, Harvested],
) -> Harvested:
    """A harvest of five sound records, two broken ones and one without identifier; tests only read it."""
    if portal.release not in harvested_once:
        source = new_harvest(datasets=5, failing=2, missing_id=1)
        (listed,) = anybody.iter_jobs(source.id)
        sound = [f"{source.name}-{number}" for number in range(1, 6)]
        harvested_once[portal.release] = Harvested(source.id, source.name, anybody.get_job(str(listed.id)), sound)
    return harvested_once[portal.release]


class TestJob:
    def test_is_reported_with_its_counters(self, harvested: Harvested) -> None:
        job = harvested.job
        assert (job.status, job.has_ended, job.has_known_end) == ("done-errors", True, True)
        assert job.counts is not None
        counts = (job.counts.total, job.counts.done, job.counts.failed, job.counts.skipped, job.counts.other)
        assert counts == (8, 5, 2, 1, 0)
        assert job.duration is not None
        assert job.duration >= 0

    def test_names_its_source(self, portal: Sandbox, harvested: Harvested) -> None:
        """By name up to 16.x, by id from 17.0 on."""
        told = (harvested.job.source_name, harvested.job.source_id)
        assert told == ((harvested.name, None) if portal.generation in "AB" else (None, harvested.source_id))

    def test_names_a_renamed_source_as_it_is_called_now(
        self, portal: Sandbox, admin: HarvestClient, new_harvest: Callable[..., HarvestSource]
    ) -> None:
        """Up to 16.x by its new name, also a job that ended before; a source that was read before it is still its."""
        source = new_harvest(datasets=2)
        (job,) = admin.recent_jobs(source.id)
        renamed = f"{source.name} renamed"
        admin.update_source(source.id, name=renamed)
        told = admin.peek_job(str(job.id))
        assert (told.source_name, told.source_id) == (
            (renamed, None) if portal.generation in "AB" else (None, source.id)
        )
        result = conclude(admin, source, str(job.id), "started", OutcomePolicy.create())
        assert (result["outcome"], result["source_name"]) == (
            "success",
            renamed if portal.generation in "AB" else source.name,
        )
        other = new_harvest(datasets=1)
        with pytest.raises(HarvestInvalidInput, match="is a job of source"):
            conclude(admin, other, str(job.id), "started", OutcomePolicy.create())

    def test_embeds_its_items_up_to_16(self, portal: Sandbox, harvested: Harvested) -> None:
        assert (harvested.job.items is not None) == (portal.generation in "AB")

    def test_of_a_dead_catalogue_says_why(
        self, anybody: HarvestClient, new_harvest: Callable[..., HarvestSource]
    ) -> None:
        source = new_harvest(mode="error-500")
        (listed,) = anybody.iter_jobs(source.id)
        job = anybody.peek_job(str(listed.id))
        assert (job.status, job.has_known_end) == ("failed", True)
        assert "500" in job.errors[0].message
        assert job.errors[0].details is None  # a stack trace, which peeking leaves out
        assert listed.errors[0].message == job.errors[0].message

    @pytest.mark.parametrize("ident", [UNKNOWN_ID, "no-id"])
    def test_that_is_unknown_is_reported_on_each_release(
        self, ident: str, anybody: HarvestClient, harvested: Harvested
    ) -> None:
        assert anybody.get_job(str(harvested.job.id)).id == harvested.job.id
        error = failure_of(lambda: anybody.get_job(ident))
        assert isinstance(error, HarvestNotFound if ident == UNKNOWN_ID else (HarvestNotFound, HarvestRequestRejected))

    def test_is_peeked_at_cheaply_and_without_a_key(
        self, portal: Sandbox, admin: HarvestClient, harvested: Harvested
    ) -> None:
        mark = portal.mark()
        peeked = admin.peek_job(str(harvested.job.id))
        (request,) = portal.requests(mark)
        assert (peeked.status, peeked.counts) == (harvested.job.status, harvested.job.counts)
        assert (peeked.created, peeked.ended) == (harvested.job.created, harvested.job.ended)
        assert request.user is None
        assert request.length is not None
        assert request.length < 700

    def test_is_peeked_at_without_its_progress(self, anybody: HarvestClient, harvested: Harvested) -> None:
        peeked = anybody.peek_job(str(harvested.job.id), progress=False)
        assert (peeked.status, peeked.counts) == (harvested.job.status, None)

    def test_as_a_sources_last_one_shows_no_wrong_counters(
        self, portal: Sandbox, anybody: HarvestClient, harvested: Harvested
    ) -> None:
        """Up to 16.x it comes with an empty list of items, whatever the job holds."""
        last = anybody.get_source(harvested.source_id).last_job
        assert last is not None
        assert (last.id, last.status) == (harvested.job.id, "done-errors")
        assert last.counts == (None if portal.generation in "AB" else harvested.job.counts)


class TestItems:
    def test_are_all_reported_in_their_order(self, anybody: HarvestClient, harvested: Harvested) -> None:
        items = list(anybody.iter_job_items(str(harvested.job.id)))
        times = [item.created for item in items if item.created]
        assert len(times) == len(items) == 8
        assert times == sorted(times)
        assert sorted(item.remote_id or "" for item in items if item.status == "done") == harvested.remote_ids

    @pytest.mark.parametrize("status, count", [("done", 5), ("failed", 2), ("skipped", 1), ("archived", 0)])
    def test_are_narrowed_to_a_status(
        self, status: str, count: int, anybody: HarvestClient, harvested: Harvested
    ) -> None:
        items = list(anybody.iter_job_items(str(harvested.job.id), status))
        assert [item.status for item in items] == [status] * count

    def test_say_what_happened_to_them(self, anybody: HarvestClient, harvested: Harvested) -> None:
        done = next(iter(anybody.iter_job_items(str(harvested.job.id), "done")))
        failed = next(iter(anybody.iter_job_items(str(harvested.job.id), "failed")))
        assert done.dataset_id
        assert done.dataset_url
        assert (done.errors, failed.dataset_id) == ((), None)
        assert failed.errors[0].message

    def test_of_a_status_that_does_not_exist(
        self, portal: Sandbox, anybody: HarvestClient, harvested: Harvested
    ) -> None:
        def read() -> list[object]:
            return list(anybody.iter_job_items(str(harvested.job.id), "nonsense"))

        if portal.generation in "AB":  # narrowed by the client, which knows no list of them
            assert read() == []
        else:
            assert isinstance(failure_of(read), HarvestRequestRejected)

    def test_are_whole_over_many_pages(
        self, anybody: HarvestClient, harvested: Harvested, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = [item.remote_id for item in anybody.iter_job_items(str(harvested.job.id))]
        monkeypatch.setattr(job_reads, "PAGE_SIZE", 3)
        assert [item.remote_id for item in anybody.iter_job_items(str(harvested.job.id))] == whole

    def test_of_a_running_job_end_with_the_newest(
        self, portal: Sandbox, admin: HarvestClient, anybody: HarvestClient, new_source: Callable[..., HarvestSource]
    ) -> None:
        source = new_source(datasets=3)
        portal.control.freeze_before_item(3)
        admin.validate_source(source.id)
        (job_id,) = portal.control.wait_until_frozen()
        job = anybody.peek_job(job_id)
        newest = anybody.newest_item(job)
        *_, last = anybody.iter_job_items(job_id)
        assert not job.has_ended
        assert job.counts is not None
        assert 2 <= job.counts.total <= 3
        assert newest is not None
        assert newest.remote_id == last.remote_id

    def test_of_a_job_that_has_none(self, anybody: HarvestClient, new_harvest: Callable[..., HarvestSource]) -> None:
        source = new_harvest(mode="empty")
        (job,) = anybody.recent_jobs(source.id)
        assert list(anybody.iter_job_items(str(job.id))) == []
        assert anybody.newest_item(anybody.get_job(str(job.id))) is None


class TestJobs:
    def test_are_listed_newest_first(
        self, portal: Sandbox, org_admin: HarvestClient, new_harvest: Callable[..., HarvestSource]
    ) -> None:
        accepted = new_harvest(datasets=3)
        for _ in range(2):
            org_admin.run_source(accepted.id)
            portal.control.wait_until_idle()
        jobs = list(org_admin.iter_jobs(accepted.id))
        times = [job.created for job in jobs if job.created]
        assert len(times) == 3
        assert times == sorted(times, reverse=True)
        assert [job.id for job in org_admin.recent_jobs(accepted.id, page_size=2)] == [job.id for job in jobs[:2]]
        assert [job.id for job in org_admin.recent_jobs(accepted.id, 2, 2)] == [jobs[2].id]
        assert org_admin.recent_jobs(accepted.id, 3, 2) == []
        assert [job.id for job in org_admin.iter_jobs(accepted.id, page_size=1)] == [job.id for job in jobs]

    def test_have_counters_in_the_list_from_17_on(
        self, portal: Sandbox, anybody: HarvestClient, harvested: Harvested
    ) -> None:
        (job,) = anybody.iter_jobs(harvested.source_id)
        assert job.counts == (None if portal.generation in "AB" else harvested.job.counts)

    def test_of_a_source_that_never_ran(self, anybody: HarvestClient, new_source: Callable[..., HarvestSource]) -> None:
        assert anybody.recent_jobs(new_source(datasets=3).id) == []

    def test_of_an_unknown_source(self, portal: Sandbox, anybody: HarvestClient) -> None:
        if portal.generation == "A":  # which returns an empty page
            assert anybody.recent_jobs(UNKNOWN_ID) == []
        else:
            assert isinstance(failure_of(lambda: anybody.recent_jobs(UNKNOWN_ID)), HarvestNotFound)

    def test_outlive_the_deletion_of_their_source_until_it_is_purged(
        self, portal: Sandbox, org_admin: HarvestClient, new_harvest: Callable[..., HarvestSource]
    ) -> None:
        accepted = new_harvest(datasets=3)
        (job,) = org_admin.recent_jobs(accepted.id)
        org_admin.delete_source(accepted.id)
        assert [each.id for each in org_admin.recent_jobs(accepted.id)] == [job.id]
        portal.control.purge_sources()
        assert isinstance(failure_of(lambda: org_admin.get_source(accepted.id)), HarvestNotFound)
        assert isinstance(failure_of(lambda: org_admin.get_job(str(job.id))), HarvestNotFound)
        if portal.generation == "A":
            assert org_admin.recent_jobs(accepted.id) == []
        else:
            assert isinstance(failure_of(lambda: org_admin.recent_jobs(accepted.id)), HarvestNotFound)


def test_all_that_a_sensor_reads_goes_without_a_key(
    portal: Sandbox, admin: HarvestClient, harvested: Harvested
) -> None:
    mark = portal.mark()
    job_id = str(harvested.job.id)
    admin.get_source(harvested.source_id, keyed=False)
    admin.recent_jobs(harvested.source_id)
    list(admin.iter_jobs(harvested.source_id))
    admin.get_job(job_id, keyed=False)
    admin.newest_item(admin.peek_job(job_id))
    list(admin.iter_job_items(job_id, "failed"))
    list(admin.iter_sources())
    requests = portal.requests(mark)
    assert {request.user for request in requests} == {None}
    assert {request.status for request in requests} <= {200, 404}  # the latter shows the release
    assert not any(request.cookies for request in requests)
