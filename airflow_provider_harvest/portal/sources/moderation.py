"""Accept, refuse, schedule and unschedule sources, safe to request twice.

Called by the source operators and by plain scripts. All of it takes a sysadmin's key.
"""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestRequestRejected
from airflow_provider_harvest.portal.cron import check_cron
from airflow_provider_harvest.portal.http.job_reads import RECENT_JOBS
from airflow_provider_harvest.portal.inputs import check_validation
from airflow_provider_harvest.portal.sources.confirm_writes import UNCLEAR, refuse_deleted, telling, write_and_read
from airflow_provider_harvest.portal.sources.identity import created_before, needs_validation
from airflow_provider_harvest.portal.statuses import ACCEPTED, REFUSED

if TYPE_CHECKING:
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource

log = logging.getLogger(__name__)

#: Jobs that are gone through, newest first, for those that were there before a source was accepted.
_MAX_JOBS = 500
#: Added to a portal's refusal.
WHO_MODERATES = "Only a sysadmin's key accepts, refuses, schedules and unschedules sources: ask the portal's team."


def ensure_validated(
    client: HarvestClient, source: HarvestSource, state: str = ACCEPTED, comment: str | None = None
) -> tuple[HarvestSource, list[str], bool]:
    """Accept or refuse a source, if it is not yet.

    Each acceptance starts a harvest and resets the cron, also that of an accepted source: so it is never repeated. A
    portal may respond with 500 although it took effect (seen on every release with its queue down).

    :param client: of the portal, with a sysadmin's key.
    :param source: as just read.
    :param state: ``"accepted"`` (default) or ``"refused"``.
    :param comment: shown to the owner; a refusal needs one.
    :returns: the source, read again; the ids of jobs that were there before it was accepted, by this call or an
        earlier one, so that the first job after it can be recognized; whether anything was written.
    :raises HarvestInvalidInput: for another state, or a refusal without a comment.
    """
    state, comment = check_validation(state, comment)
    refuse_deleted(source)
    if not needs_validation(source, state, comment):
        log.info("Source %r (%s) is %s already: %s", source.name, source.id, state, client.source_url(source.id))
        return source, _jobs_before(client, source), False
    last = source.last_job  # a source that has none has no jobs at all
    known = [] if last is None else [str(job.id) for job in client.recent_jobs(source.id, last_job=last)]
    with telling(WHO_MODERATES):
        validated, is_certain = write_and_read(
            client,
            source.id,
            lambda: client.validate_source(source.id, state, comment),
            lambda read: not needs_validation(read, state, comment),
            what=f"the state {state!r}",
            is_whole=lambda answer: state != ACCEPTED or shows_its_cron(answer),
        )
    if state == ACCEPTED and not is_certain:
        log.warning(
            "The source was accepted despite the error. Whether its first harvest was queued is unknown; if none "
            "begins, start one with HarvestRunSourceOperator."
        )
    log.info("Source %r (%s) is now %s: %s", source.name, source.id, state, client.source_url(source.id))
    _warn_of_validation(source, validated, state)
    return validated, known, True


def ensure_scheduled(client: HarvestClient, source: HarvestSource, cron: str) -> tuple[HarvestSource, bool]:
    """Set the cron of a source, if it has another one or none.

    :param client: of the portal, with a sysadmin's key.
    :param source: as just read.
    :param cron: five fields by Celery's rules, on the portal's clock (UTC by default).
    :returns: the source, read again, and whether anything was written.
    :raises HarvestInvalidInput: for a cron that would mislead or stop the portal's scheduler.
    """
    text = check_cron(cron)
    refuse_deleted(source)
    if source.schedule == text:
        log.info("Source %r (%s) already has the cron %s.", source.name, source.id, text)
        return source, False
    with telling(WHO_MODERATES):
        scheduled, _ = write_and_read(
            client,
            source.id,
            lambda: client.schedule_source(source.id, text),
            lambda read: read.schedule == text,
            what=f"the cron {text!r}{_instead(source)}",
        )
    before = f", instead of {source.schedule!r}" if source.schedule else ""
    log.info(
        "Source %r (%s) is harvested by cron %s now%s: %s",
        source.name,
        source.id,
        text,
        before,
        client.source_url(source.id),
    )
    if not source.is_accepted:
        log.warning(
            "It is not accepted (%s): accepting it will reset this cron to the portal's default.",
            source.validation.state,
        )
    return scheduled, True


def ensure_unscheduled(client: HarvestClient, source: HarvestSource) -> tuple[HarvestSource, bool]:
    """Remove the cron of a source, if it has one.

    :param client: of the portal, with a sysadmin's key.
    :param source: as just read; a deleted one may be unscheduled, too.
    :returns: the source, read again, and whether anything was written.
    """
    if source.schedule is None:
        log.info("Source %r (%s) has no cron: nothing to remove.", source.name, source.id)
        return source, False
    with telling(WHO_MODERATES):
        unscheduled, _ = write_and_read(
            client,
            source.id,
            lambda: client.unschedule_source(source.id),
            lambda read: read.schedule is None,
            (*UNCLEAR, HarvestRequestRejected),  # 400: it has none any more, perhaps by an earlier, lost request
            what=f"the removal of the cron {source.schedule!r}",
        )
    log.info(
        "Source %r (%s) had the cron %s, and has none now: %s",
        source.name,
        source.id,
        source.schedule,
        client.source_url(source.id),
    )
    return unscheduled, True


def shows_its_cron(answer: HarvestSource) -> bool:
    """Whether the response to an acceptance shows the cron that it set; up to 10.8.1 the first one does not."""
    return answer.schedule is not None


def _instead(source: HarvestSource) -> str:
    return f" in place of {source.schedule!r}" if source.schedule else ""


def _jobs_before(client: HarvestClient, source: HarvestSource) -> list[str]:
    """Return the ids of the newest jobs that were there when a source was accepted or refused."""
    when = source.validation.on
    if when is None:
        return [str(job.id) for job in client.recent_jobs(source.id)]
    return created_before(islice(client.iter_jobs(source.id, page_size=100), _MAX_JOBS), when)[:RECENT_JOBS]


def _warn_of_validation(before: HarvestSource, after: HarvestSource, state: str) -> None:
    """Log the effects of a validation that its name does not show."""
    if state == ACCEPTED and before.active is False:
        log.warning("The source is inactive: its acceptance starts no harvest before it is set active.")
    if state == ACCEPTED and before.schedule not in (None, after.schedule):
        log.warning("Its cron was %s; accepting it set %s: schedule it again.", before.schedule, after.schedule)
    if state == REFUSED and after.schedule:
        log.warning(
            "Its cron %s stays, and the portal continues to harvest by it: unschedule the source, or set it inactive.",
            after.schedule,
        )
