"""Whether a job is dead: udata never ends a job whose worker was killed. Used by waits, the run operator and health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.text.words import spell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestItem, HarvestJob
    from airflow_provider_harvest.portal.waiting.which_job import JobLimits


def last_movement(job: HarvestJob, newest_item: HarvestItem | None = None) -> datetime | None:
    """Return the newest time in a job: its own, and that of the item that moved last."""
    times = [job.created, job.started, newest_item.newest_time if newest_item else None]
    return max((when for when in times if when), default=None)


def why_stuck(job: HarvestJob, moved_at: float, has_items: bool, portal_now: float, limits: JobLimits) -> str | None:
    """Return why an unfinished job counts as dead, None while it does not.

    udata has no reaper: a job whose worker was killed stays ``initialized`` forever.

    :param job: a job without an end.
    :param moved_at: the newest sign of life, seconds since the epoch by the portal's clock.
    :param has_items: whether the first item has appeared.
    :param portal_now: the portal's clock.
    :param limits: how long it may be without progress.
    """
    still = portal_now - moved_at
    if has_items and still > limits.stall_timeout:
        return (
            f"job {job.id} has not moved for {spell(still)} (allowed between two items: {spell(limits.stall_timeout)})"
        )
    if not has_items and still > limits.first_item_timeout:
        return (
            f"job {job.id} has had no item for {spell(still)} "
            f"(allowed before the first one: {spell(limits.first_item_timeout)})"
        )
    return None


def why_dead(client: HarvestClient, job: HarvestJob, limits: JobLimits) -> str | None:
    """Return why an unfinished job counts as dead, from one poll: the newest time in it against the portal's clock.

    :param client: of the portal.
    :param job: without an end.
    :param limits: how long it may be without progress.
    """
    moved = last_movement(job)
    now = client.portal_now()
    if moved is None or now - moved.timestamp() <= min(limits.stall_timeout, limits.first_item_timeout):
        return None  # it began a short while ago
    newest = client.newest_item(job)
    moved = last_movement(job, newest) or moved
    return why_stuck(job, moved.timestamp(), newest is not None, now, limits)


def alive_jobs(
    client: HarvestClient, source_id: str, jobs: Iterable[HarvestJob], limits: JobLimits, say: Callable[[str], object]
) -> list[HarvestJob]:
    """Return the jobs that are running, in their order; dead ones are named and passed over.

    :param client: of the portal.
    :param source_id: their source.
    :param jobs: as just read.
    :param limits: how long a job may be without progress.
    :param say: takes the sentence about each dead job.
    """
    alive = []
    for job in jobs:
        if job.has_ended:
            continue
        dead = why_dead(client, job, limits)
        if dead is None:
            alive.append(job)
        else:
            say(f"Passed over as dead: {dead} ({client.job_url(source_id, str(job.id))}).")
    return alive
