"""Finds the harvests that are to be compared, and reads their items; used by reports, commands and operators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput, HarvestNotFound, HarvestServerError
from airflow_provider_harvest.portal.compare.diff import Comparison, compare_items
from airflow_provider_harvest.portal.inputs import check_id, is_object_id
from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
from airflow_provider_harvest.portal.statuses import FAILED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient


@dataclass(frozen=True)
class Harvest:
    """One ended harvest of one source on one portal.

    :param client: of the portal.
    :param job: the job, with its errors and counters.
    :param source: its source; None if the portal does not say which it is (up to 16.x a job has only its name).
    """

    client: HarvestClient
    job: HarvestJob
    source: HarvestSource | None

    @property
    def name(self) -> str:
        """The name of the source."""
        return (self.source.name if self.source else self.job.source_name) or "(unknown source)"

    @property
    def url(self) -> str:
        """The page of the job."""
        return self.client.job_url(self.source.id if self.source else "", str(self.job.id))

    @property
    def is_complete(self) -> bool:
        """Whether it read the whole catalogue, so that what is not in it was not in the catalogue."""
        return is_complete(self.job)


def is_complete(job: HarvestJob) -> bool:
    """Whether a job has ended and read the catalogue to its end."""
    return job.has_ended and job.status != FAILED


def latest_harvest(client: HarvestClient, source: HarvestSource, *, complete: bool = True) -> Harvest:
    """Return the newest harvest of a source that has ended.

    :param complete: whether only one counts that read the whole catalogue (default True).
    :raises HarvestNotFound: if there is none.
    """
    for job in client.iter_jobs(source.id):
        if is_complete(job) if complete else job.has_ended:
            return Harvest(client, client.peek_job(str(job.id)), source)
    kind = "has read the whole catalogue" if complete else "has ended"
    raise HarvestNotFound(f"No harvest of source {source.name!r} ({source.id}) {kind} yet: there is nothing to read.")


def previous_harvest(harvest: Harvest) -> Harvest | None:
    """Return the newest harvest of the same source before this one that read the whole catalogue, None without one."""
    if harvest.source is None:
        return None
    is_older = False
    for job in harvest.client.iter_jobs(harvest.source.id):
        if is_older and is_complete(job):
            return Harvest(harvest.client, job, harvest.source)
        is_older = is_older or job.id == harvest.job.id
    return None


def find_harvest(client: HarvestClient, ident: str, *, complete: bool = True) -> Harvest:
    """Return a harvest by the id of its job, or the newest one of a source by its id or slug.

    :param complete: of a source's harvests, whether only one counts that read the whole catalogue (default True).
    :raises HarvestNotFound: if there is neither such a source nor such a job, or no harvest yet.
    :raises HarvestInvalidInput: for a job that has not ended.
    """
    found = find_source_or_job(client, ident)
    if isinstance(found, HarvestSource):
        return latest_harvest(client, found, complete=complete)
    return _harvest(client, found)


def find_source_or_job(client: HarvestClient, ident: str) -> HarvestSource | HarvestJob:
    """Return a source by its id or slug, or a job by its id.

    :raises HarvestNotFound: if there is neither.
    """
    ident = check_id(ident, "the id of a source or job")
    try:
        return client.get_source(ident, keyed=False)
    except HarvestNotFound as error:
        if error.is_page:  # the response is not from the portal's API
            raise
    return _job(client, ident, f"There is no harvest source and no job {ident!r} on {client.site}.")


def harvest_of_job(client: HarvestClient, job_id: str) -> Harvest:
    """Return the harvest of a job.

    :raises HarvestNotFound: if there is no such job.
    :raises HarvestInvalidInput: for a job that has not ended.
    """
    return _harvest(client, _job(client, job_id, f"There is no harvest job {job_id!r} on {client.site}."))


def _job(client: HarvestClient, job_id: str, unknown: str) -> HarvestJob:
    """Return a job. Nothing is requested for an invalid id: releases respond with 400, 404 or 500 to it."""
    if not is_object_id(job_id):
        raise HarvestNotFound(unknown)
    try:
        return client.peek_job(job_id)
    except HarvestNotFound as error:
        if error.is_page:
            raise
        raise HarvestNotFound(unknown) from None
    except HarvestServerError:
        return client.get_job(job_id, keyed=False)  # up to 17.7 the response for an unknown job is 500; translated here


def _harvest(client: HarvestClient, job: HarvestJob, source: HarvestSource | None = None) -> Harvest:
    if not job.has_ended:
        raise HarvestInvalidInput(f"Job {job.id} has not ended yet ({job.status}): wait for its end.")
    return Harvest(client, job, source or _source_of(client, job))


def compare_harvests(before: Harvest, after: Harvest) -> Comparison:
    """Read and compare the items of two harvests, of one portal or of two.

    Costs one request for each 500 items of each (up to 16.x one request for each harvest).

    :raises HarvestInvalidInput: if one of them did not read the whole catalogue: what is not in it says nothing.
    """
    for harvest in (before, after):
        if not harvest.is_complete:
            raise HarvestInvalidInput(
                f"Job {harvest.job.id} did not read the whole catalogue ({harvest.job.status}), so what is missing in "
                "it says nothing: compare with another job."
            )
    return compare_items(
        before.client.iter_job_items(str(before.job.id)), after.client.iter_job_items(str(after.job.id))
    )


def _source_of(client: HarvestClient, job: HarvestJob) -> HarvestSource | None:
    """Return the source of a job; up to 16.x a job says only its name, which need not be unique."""
    if job.source_id:
        return client.get_source(job.source_id, keyed=False)
    listed = list(client.iter_sources(deleted=True, fields="name,last_job{id}"))
    found = [source for source in listed if source.last_job is not None and source.last_job.id == job.id]
    if not found:
        named = [source for source in listed if job.source_name and source.name == job.source_name]
        found = named if len(named) == 1 else _holding(client, named, job)
    return client.get_source(found[0].id, keyed=False) if found else None


def _holding(client: HarvestClient, sources: list[HarvestSource], job: HarvestJob) -> list[HarvestSource]:
    return [source for source in sources if any(other.id == job.id for other in client.iter_jobs(source.id))]
