"""Read an ended job and judge it; called on the worker, for every way of waiting."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.exceptions import HarvestError, HarvestInvalidInput
from airflow_provider_harvest.portal.outcome.result import MAX_FAILED_ITEMS, PREVIEWED, build_result
from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy, judge
from airflow_provider_harvest.portal.waiting.which_job import why_foreign

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob, HarvestSource


def conclude(
    client: HarvestClient, source: HarvestSource, job_id: str, how: str, policy: OutcomePolicy
) -> dict[str, Any]:
    """Return the result of an ended job, judged.

    :param client: of the portal.
    :param source: the job's source.
    :param job_id: the job.
    :param how: ``started``, ``attached`` or ``waited``.
    :param policy: the criteria.
    :raises HarvestApiError: if the job cannot be read.
    :raises HarvestInvalidInput: if it is a job of another source.
    """
    job = client.peek_job(job_id)
    foreign = why_foreign(job, source.id, source.name)
    if foreign:
        raise HarvestInvalidInput(foreign)
    items: list[HarvestItem] = []
    if policy.remote_ids is not None:
        items = list(client.iter_job_items(job_id))
    failed: Iterable[HarvestItem] = ()
    if job.counts and job.counts.failed:
        failed = (i for i in items if i.status == "failed") if items else client.iter_job_items(job_id, status="failed")
    return build_result(
        portal=client.site,
        source=source,
        job=job,
        job_url=client.job_url(source.id, job_id),
        how=how,
        outcome=judge(job, policy, items),
        failed_items=_mine_first(failed, policy),
        newly_archived=_newly_archived(client, source.id, job, items),
    )


def conclude_preview(
    client: HarvestClient, source: HarvestSource | None, preview: HarvestJob, policy: OutcomePolicy
) -> dict[str, Any]:
    """Return the result of a preview, judged. A preview stops at 20 items, and its archived ones mean nothing."""
    items = preview.items or ()
    return build_result(
        portal=client.site,
        source=source,
        job=preview,
        job_url=None,
        how=PREVIEWED,
        outcome=judge(preview, policy, items),
        failed_items=[item for item in items if item.status == "failed"],
    )


def _mine_first(failed: Iterable[HarvestItem], policy: OutcomePolicy) -> list[HarvestItem]:
    if policy.remote_ids is None:
        return list(islice(failed, MAX_FAILED_ITEMS))
    mine = set(policy.remote_ids)
    return sorted(failed, key=lambda item: item.remote_id not in mine)[:MAX_FAILED_ITEMS]


def _newly_archived(client: HarvestClient, source_id: str, job: HarvestJob, items: list[HarvestItem]) -> int | None:
    """Archived items are listed again in every later job: those of the job before are not new.

    None if it is unknown: no verdict depends on it.
    """
    if job.counts is None:
        return None
    if not job.counts.archived:
        return 0
    try:
        before = _previous_ended(client, source_id, job)
        listed = items or client.iter_job_items(str(job.id), status="archived")
        now = {item.remote_id for item in listed if item.status == "archived"}
        if before is None:
            return len(now)
        return len(now - {item.remote_id for item in client.iter_job_items(before, status="archived")})
    except HarvestError:
        return None


def _previous_ended(client: HarvestClient, source_id: str, job: HarvestJob) -> str | None:
    """Return the id of the newest job before this one that read the whole catalogue."""
    older = False
    for other in client.iter_jobs(source_id):
        if older and other.has_ended and other.status != "failed":
            return other.id
        older = older or other.id == job.id
    return None
