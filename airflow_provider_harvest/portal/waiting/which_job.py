"""Which job answers a request, and whether a source can be harvested at all; :mod:`.dead_jobs` says which are dead.

Called by :mod:`waiting` and by the run operator. Times of jobs are the portal's and are compared only with the
portal's own clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_harvest.portal.clock import on_portal_clock
from airflow_provider_harvest.portal.statuses import REFUSED
from airflow_provider_harvest.portal.text.untrusted import plain
from airflow_provider_harvest.portal.text.words import day, few

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestBackend, HarvestJob, HarvestSource


@dataclass(frozen=True)
class JobLimits:
    """How long a job may take, in seconds.

    :param run_timeout: its whole length.
    :param stall_timeout: between two signs of life of its items.
    :param first_item_timeout: before its first item: fetching a large catalogue shows nothing meanwhile.
    """

    run_timeout: float = 24 * 3600.0
    stall_timeout: float = 2 * 3600.0
    first_item_timeout: float = 6 * 3600.0


def newer_than(jobs: Iterable[HarvestJob], known: Collection[str], not_before: float | None = None) -> list[HarvestJob]:
    """Return the jobs that came after the known ones, oldest first.

    The set decides, not the order alone: a portal's workers have clocks of their own, and a job of a slow one is listed
    behind a known one.

    :param jobs: newest first, as the portal lists them.
    :param known: ids of the newest jobs at an earlier time.
    :param not_before: jobs that began earlier are older than the known ones; see
        :class:`~airflow_provider_harvest.portal.waiting.known_jobs.KnownJobs`. None (default) if that is not known:
        then those behind all known ones are older.
    """
    listed = list(jobs)
    if not_before is None:
        last = max((place for place, job in enumerate(listed) if job.id in known), default=len(listed))
        listed = listed[:last]
    else:
        listed = [job for job in listed if job.began_at is None or job.began_at >= not_before]
    return [job for job in listed if job.id not in known][::-1]


def begun_since(jobs: Iterable[HarvestJob], after: float) -> list[HarvestJob]:
    """Return the jobs that began at or after a time by the portal's clock, oldest first.

    :param after: seconds since the epoch.
    """
    found = [job for job in jobs if (begun := job.started or job.created) and begun.timestamp() >= after]
    return found[::-1]


def now_there(client: HarvestClient) -> float:
    """Return the time by the portal's clock; this machine's until the portal has responded once."""
    here = client.clock.now()
    return on_portal_clock(here, here, client.portal_now())


def why_not_runnable(source: HarvestSource, backends: Iterable[HarvestBackend] | None = None) -> str | None:
    """Return why a request for a harvest would have no effect, None if it would.

    udata responds with 200 to ``run`` for inactive (from 10.0.6) and deleted sources, and for a backend that is
    switched off, and then does nothing.

    :param source: as just read.
    :param backends: the portal's own list; None leaves that check out.
    """
    what = f"Source {source.name!r} ({source.id})"
    if source.deleted is not None:
        return f"{what} was deleted on {day(source.deleted)}: create it again."
    if source.active is False:
        return f"{what} is inactive, so the portal would do nothing: set active=True with HarvestUpdateSourceOperator."
    if source.validation.state == REFUSED:
        comment = f" ({plain(source.validation.comment)})" if source.validation.comment else ""
        return f"{what} was refused by the portal's team{comment}: talk to them, and have it accepted."
    if not source.is_accepted:
        return f"{what} waits for the portal's team to accept it (validation is {source.validation.state!r})."
    if backends is not None:
        enabled = sorted(backend.id for backend in backends)
        if source.backend not in enabled:
            return (
                f"{what} uses the backend {source.backend!r}, which this portal does not have switched on "
                f"(it has {few(enabled)}): ask its team."
            )
    return None


def foreseen_refusal(client: HarvestClient, source: HarvestSource) -> str | None:
    """Return why the portal would refuse to start a harvest, None if that is not known beforehand.

    Whether the portal lets owners start harvests at all (``HARVEST_ENABLE_MANUAL_RUN``) is not shown by its API.

    :param client: of the portal.
    :param source: as just read with the client's key.
    """
    if not client.has_key:
        return "There is no API key, and starting a harvest needs one."
    if source.permissions is not None and source.permissions.get("run") is False:
        return f"This key's user may not run source {source.name!r}."
    return None
