"""What a harvest changed against the one before, for its result: small, and read only if there is a reason to."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError
from airflow_provider_harvest.portal.compare.diff import (
    FIXED,
    NEW,
    NEWLY_ARCHIVED,
    NEWLY_FAILING,
    STILL_FAILING,
    VANISHED,
    compare_items,
)
from airflow_provider_harvest.portal.statuses import ARCHIVED, FAILED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, ItemCounts

#: Numbers of a result's ``changes``, in the order in which they are reported.
TOLD = (NEWLY_FAILING, STILL_FAILING, NEWLY_ARCHIVED, VANISHED, FIXED, NEW)


class JobItems:
    """The items of an ended job, each read once; up to 16.x all of them come with the first."""

    def __init__(self, client: HarvestClient, job_id: str) -> None:
        self._client, self._job_id = client, job_id
        self._read: dict[str | None, list[HarvestItem]] = {}

    def all(self) -> list[HarvestItem]:
        """Return all items."""
        return self.of(None)

    def of(self, status: str | None) -> list[HarvestItem]:
        """Return the items of one status."""
        if status is not None and (None in self._read or self._client.dialect.embeds_items):
            return [item for item in self.all() if item.status == status]
        if status not in self._read:
            self._read[status] = list(self._client.iter_job_items(self._job_id, status=status))
        return self._read[status]

    def first(self, status: str, limit: int) -> list[HarvestItem]:
        """Return the first items of one status; of all that are read, they may be a part."""
        if status in self._read or None in self._read or self._client.dialect.embeds_items:
            return self.of(status)[:limit]
        return list(islice(self._client.iter_job_items(self._job_id, status=status), limit))


def read_changes(
    client: HarvestClient,
    source_id: str,
    job: HarvestJob,
    items: JobItems,
    before: tuple[str, int | None] | None = None,
    *,
    compare_failed: bool = True,
) -> tuple[dict[str, Any] | None, set[str]]:
    """Return what a harvest changed against the one before that read the whole catalogue.

    Nothing is read if nothing failed, nothing is archived and no fewer records were listed than before. Else it
    costs one request for the list of jobs, and for each of the two harvests one for each 500 items: of the failed and
    the archived ones only, of all if fewer were listed. Up to 16.x one request for each harvest.

    :param client: of the portal.
    :param source_id: the job's source.
    :param job: after its end, with its counters.
    :param items: of the job.
    :param before: the source's last job before this one, and how many records it listed, if known already.
    :param compare_failed: False reads nothing for failed items alone: saves requests for the watch of a portal.
    :returns: ``compared_with`` (id of a job, None without one) and a number for each of :data:`TOLD`, None for what
        was not read; and the remote ids that are newly failing. None and no ids if nothing can be compared.
    """
    if job.counts is None or not job.has_ended or job.status == FAILED:
        return None, set()
    known = before[1] if before and before[0] != job.id else None
    has_shrunk = known is not None and job.counts.processed < known
    told: dict[str, Any] = {"compared_with": None, **dict.fromkeys(TOLD)}
    if not (job.counts.failed or job.counts.archived or has_shrunk):
        return {**told, NEWLY_FAILING: 0, STILL_FAILING: 0, NEWLY_ARCHIVED: 0}, set()
    if not (compare_failed or job.counts.archived or has_shrunk):
        return {**told, NEWLY_ARCHIVED: 0}, set()
    try:
        previous = previous_complete(client, source_id, job)
        has_shrunk = has_shrunk or _is_smaller(job.counts, previous)
        return _compare(client, told, previous, job.counts, items, has_shrunk)
    except HarvestError:  # no verdict depends on it
        return None, set()


def previous_complete(client: HarvestClient, source_id: str, job: HarvestJob) -> HarvestJob | None:
    """Return the newest job before this one that read the whole catalogue, None without one."""
    is_older = False
    for other in client.iter_jobs(source_id):
        if is_older and other.has_ended and other.status != FAILED:
            return other
        is_older = is_older or other.id == job.id
    return None


def _is_smaller(counts: ItemCounts, previous: HarvestJob | None) -> bool:
    earlier = previous.counts if previous else None
    return earlier is not None and counts.processed < earlier.processed


def _compare(
    client: HarvestClient,
    told: dict[str, Any],
    previous: HarvestJob | None,
    counts: ItemCounts,
    items: JobItems,
    has_shrunk: bool,
) -> tuple[dict[str, Any], set[str]]:
    earlier = JobItems(client, str(previous.id)) if previous else None
    told = {**told, "compared_with": previous.id if previous else None}
    if earlier and (has_shrunk or client.dialect.embeds_items):
        comparison = compare_items(earlier.all(), items.all())
        newly = {change.remote_id for change in comparison.of(NEWLY_FAILING)}
        return {**told, **{kind: comparison.counts[kind] for kind in TOLD}}, newly
    newly, still = _of_status(FAILED, counts.failed, items, earlier)
    newly_archived, _ = _of_status(ARCHIVED, counts.archived, items, earlier)
    return {
        **told,
        NEWLY_FAILING: len(newly),
        STILL_FAILING: len(still),
        NEWLY_ARCHIVED: len(newly_archived),
    }, newly


def _of_status(status: str, count: int, items: JobItems, earlier: JobItems | None) -> tuple[set[str], set[str]]:
    """Return the remote ids that have a status now and did not have it before, and those that had."""
    if not count:
        return set(), set()
    now = {item.remote_id for item in items.of(status) if item.remote_id}
    before = {item.remote_id for item in earlier.of(status)} if earlier else set()
    return now - before, now & before
