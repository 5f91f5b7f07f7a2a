"""The wait for the harvest that a portal starts by its own schedule; used by tasks and by the command."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestSourceNotRunnable
from airflow_provider_harvest.portal import cron
from airflow_provider_harvest.portal.waiting import next_run
from airflow_provider_harvest.portal.waiting.job_wait import JobWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.waiting.wait_plan import WaitPlan

#: After the due time, how many seconds the portal's own run may take to begin; a longer start_timeout wins.
START_GRACE = 3 * 3600.0
#: How long a schedule that is not a cron may take to fire, in seconds.
_UNREADABLE_PERIOD = 24 * 3600.0


def until_portal_runs(
    plan: WaitPlan,
    client: HarvestClient,
    source: HarvestSource,
    jobs: list[HarvestJob],
    grace: float | None,
    say: Callable[[str], object],
) -> tuple[WaitPlan, next_run.Expectation | None]:
    """Return a plan that knows when the portal's own run is due, and what is expected; None if nothing has to be.

    :param plan: which job is waited for, and since when.
    :param client: of the portal.
    :param source: as just read.
    :param jobs: its newest jobs, as just read. If the one that is waited for is there, no run is due; but it may turn
        out to be dead, and then the next run is waited for.
    :param grace: seconds after the due time in which the job must begin; None sets no such limit, and then a source
        without a schedule is waited for, too: a user may start its harvest by hand.
    :param say: takes a sentence that warns.
    :raises HarvestSourceNotRunnable: if no run is due, and no job is there already.
    """
    plan = replace(plan, grace=grace)
    is_there = JobWait(plan, client).find(jobs) is not None
    if not source.schedule:
        if grace is not None and not is_there:
            raise HarvestSourceNotRunnable(
                f"Source {source.name!r} has no schedule, so the portal will not harvest it by itself: ask its team to "
                "schedule it (HarvestScheduleSourceOperator, with a sysadmin's key)."
            )
        if not is_there:
            say(f"Source {source.name!r} has no schedule: only a harvest started by hand ends this wait.")
        return plan, None
    begins = [begin for job in jobs if (begin := job.started or job.created)]
    since = max(plan.begun, plan.after or 0.0)
    expectation: next_run.Expectation | None
    try:
        # From the beginning of the wait, which a rescheduled sensor begins again at each poke.
        expectation = next_run.expect(source.schedule, begins, since)
    except cron.InvalidCron:
        expectation = next_run.Expectation(source.schedule, since + _UNREADABLE_PERIOD, None)
    else:
        plan = replace(plan, cron=source.schedule)
    if is_there:
        return replace(plan, offset=expectation.offset if expectation else None), None
    if expectation is None:
        raise HarvestSourceNotRunnable(
            f"Source {source.name!r} has the schedule {source.schedule!r}, which does not fire within five years: ask "
            "the portal's team for another one (HarvestScheduleSourceOperator, with a sysadmin's key)."
        )
    overdue = expectation.overdue
    return (
        replace(
            plan,
            due=expectation.due if overdue is None else overdue,
            due_again=None if overdue is None else expectation.due,
            offset=expectation.offset,
            start_deadline=None if grace is None else expectation.due + grace,
        ),
        expectation,
    )


def gives_up_at(plan: WaitPlan) -> float | None:
    """Return when a wait for the portal's own run is given up, in seconds since the epoch; None never."""
    return min((end for end in (plan.deadline, plan.start_deadline) if end is not None), default=None)
