"""Read an ended job and judge it; called on the worker, for every way of waiting."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.portal.outcome.result import MAX_FAILED_ITEMS, build_result
from airflow_provider_harvest.portal.outcome.since_last_harvest import JobItems, read_changes
from airflow_provider_harvest.portal.outcome.skips import Skips, counts_before, reasons_of, skips_much
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy, judge
from airflow_provider_harvest.portal.statuses import FAILED, PREVIEWED, SKIPPED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestSource, ItemCounts
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.portal.statuses import How

#: Skipped items whose reasons are read: one page.
_SKIPS_READ = 500


def conclude(
    client: HarvestClient,
    source: HarvestSource,
    job_id: str,
    how: How,
    policy: OutcomePolicy,
    before: tuple[str, int | None] | None = None,
    *,
    compare_failed: bool = True,
    job: HarvestJob | None = None,
) -> HarvestResult:
    """Return the result of an ended job, judged.

    :param client: of the portal.
    :param source: the job's source.
    :param job_id: the job.
    :param how: ``started``, ``attached`` or ``waited``.
    :param policy: the criteria.
    :param before: the source's last job before it, and how many records it listed, if this is known already.
    :param compare_failed: whether failed items are compared with those of the job before (default True); see
        :func:`~airflow_provider_harvest.portal.outcome.since_last_harvest.read_changes` for the price.
    :param job: the job, if it was just read as ended, with its counters; default: it is read.
    :raises HarvestApiError: if the job cannot be read.
    :raises HarvestInvalidInput: if it is a job of another source.
    """
    if job is None or not job.has_ended or job.counts is None:
        job = client.peek_job(job_id)
    source = _named_by(client, job, source)
    items = JobItems(client, job_id)
    judged = items.all() if policy.remote_ids is not None else []
    failed = items.of(FAILED) if job.counts and job.counts.failed else []
    changes, newly_failing = read_changes(client, source.id, job, items, before, compare_failed=compare_failed)
    skips = _skips(client, source.id, job, items, judged, policy)
    return build_result(
        portal=client.site,
        source=source,
        job=job,
        job_url=client.job_url(source.id, job_id),
        how=how,
        outcome=judge(job, policy, judged, skips),
        skip_reasons=skips.reasons,
        failed_items=_urgent_first(failed, policy, newly_failing),
        changes=changes,
        newly_failing=newly_failing if changes and changes["compared_with"] else None,
    )


def conclude_preview(
    client: HarvestClient, source: HarvestSource | None, preview: HarvestJob, policy: OutcomePolicy
) -> HarvestResult:
    """Return the result of a preview, judged. A preview stops at 20 items, and its archived ones mean nothing."""
    items = preview.items or ()
    skips = Skips(reasons_of(item for item in items if item.status == "skipped"))
    return build_result(
        portal=client.site,
        source=source,
        job=preview,
        job_url=None,
        how=PREVIEWED,
        outcome=judge(preview, policy, items, skips),
        skip_reasons=skips.reasons,
        failed_items=[item for item in items if item.status == "failed"],
    )


def _named_by(client: HarvestClient, job: HarvestJob, source: HarvestSource) -> HarvestSource:
    """Return the source with the name that its job shows; up to 16.x that is the current one, the source's own may be
    older.

    :raises HarvestInvalidInput: if it is a job of another source.
    """
    foreign = why_foreign(job, source.id, source.name)
    if foreign is None:
        return source
    if job.source_id is not None or not client.has_job(source.id, str(job.id)):
        raise HarvestInvalidInput(foreign)
    return replace(source, name=str(job.source_name))


def _urgent_first(failed: list[HarvestItem], policy: OutcomePolicy, newly_failing: set[str]) -> list[HarvestItem]:
    """Return the failed items that a result names: the requested ones, if any, then those that are newly failing."""
    mine = policy.remote_ids or ()

    def rank(item: HarvestItem) -> tuple[bool, bool]:
        return item.remote_id not in mine, item.remote_id not in newly_failing

    return sorted(failed, key=rank)[:MAX_FAILED_ITEMS]


def _skips(
    client: HarvestClient,
    source_id: str,
    job: HarvestJob,
    items: JobItems,
    judged: list[HarvestItem],
    policy: OutcomePolicy,
) -> Skips:
    """Read why items were skipped and, if the verdict depends on it, the counters of earlier harvests."""
    before: tuple[ItemCounts, ...] = ()
    if job.counts is not None and policy.max_drop_ratio is not None and policy.remote_ids is None:
        before = counts_before(client.iter_whole_jobs(source_id), job)
    if job.counts is None or not job.counts.skipped:
        return Skips(before=before)
    listed = judged or items.first(SKIPPED, _SKIPS_READ)
    reasons = reasons_of(item for item in listed if item.status == SKIPPED)
    if policy.limits_skips or policy.remote_ids is not None or not skips_much(job.counts):
        return Skips(reasons, before)
    return Skips(reasons, before or counts_before(client.iter_whole_jobs(source_id), job))


def why_foreign(job: HarvestJob, source_id: str, source_name: str | None = None) -> str | None:
    """Return that a job does not seem to be one of a source, None if it is or the portal does not report it.

    A name is no proof: the source may have been renamed since it was read.

    :param job: as read alone; from udata 17.0 it names its source's id, before that its name.
    :param source_id: the source.
    :param source_name: its name, if known.
    """
    is_other_name = job.source_name is not None and source_name is not None and job.source_name != source_name
    if job.source_id == source_id or (job.source_id is None and not is_other_name):
        return None
    return (
        f"Job {job.id} is a job of source {job.source_id or job.source_name!r}, not of {source_id}: "
        "give the job of this source, or leave source_id out."
    )
