"""Waiting for a job from inside a task, and delivering its result: shared by the run operator and the sensor."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest import exceptions
from airflow_provider_harvest._compat import conf
from airflow_provider_harvest._later import later
from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestJobNotStarted,
    HarvestJobStalled,
    HarvestOutcomeRejected,
    HarvestPortalUnreachable,
    HarvestSourceNotRunnable,
    HarvestTimeout,
)
from airflow_provider_harvest.operators._base import is_final

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal import clock as clocks
    from airflow_provider_harvest.portal import cron, words
    from airflow_provider_harvest.portal import inputs as checks
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome import result as results
    from airflow_provider_harvest.portal.outcome import summary as report
    from airflow_provider_harvest.portal.outcome import verdict as outcome
    from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
    from airflow_provider_harvest.portal.waiting import job_wait as waiting
    from airflow_provider_harvest.portal.waiting import next_run as ticks
    from airflow_provider_harvest.portal.waiting import plan as plans
    from airflow_provider_harvest.portal.waiting import which_job as runs
    from airflow_provider_harvest.portal.waiting.plan import Poll, WaitPlan
    from airflow_provider_harvest.portal.waiting.which_job import Limits
else:
    checks, clocks, cron, outcome, plans, report, results, runs, ticks, waiting, words = later(
        "inputs",
        "clock",
        "cron",
        "outcome.verdict",
        "waiting.plan",
        "outcome.summary",
        "outcome.result",
        "waiting.which_job",
        "waiting.next_run",
        "waiting.job_wait",
        "words",
    )

log = logging.getLogger(__name__)

#: Seconds in which a wait has just begun.
_YOUNG = 5.0
#: Seconds between polls while a task is young: small harvests end in that time, and the job becomes known.
_QUICK = 2.0
#: Airflow's own timeout of a deferral is this much later than ours: it only matters where no triggerer runs.
_BACKSTOP = 3600.0
#: How long a schedule that is not a cron may take to fire, in seconds.
_UNREADABLE_PERIOD = 24 * 3600.0

#: Seconds between two attempts to read the connection of a harvest that continues: a secrets backend's hiccup passes.
CONNECT_PAUSES = (5.0, 10.0, 20.0, 40.0, 60.0, 60.0)

_NOT_STARTED_BECAUSE = (
    "udata creates the job only when one of the portal's workers takes it: they may be busy or down, the request may "
    "never have arrived, or the backend could not be loaded. A retry continues to wait for that job and "
    "requests no other one; clear the task to request again."
)
_STALLED_BECAUSE = (
    "Its worker was probably killed: udata never ends such a job and has no way to cancel it. The next try passes it "
    "over and requests a new harvest."
)


@cache
def _explanations() -> dict[str, tuple[type[HarvestError], str]]:
    """Return the exception and its explanation for each state in which a wait can end without an ended job."""
    return {
        plans.NOT_STARTED: (HarvestJobNotStarted, _NOT_STARTED_BECAUSE),
        plans.STALLED: (HarvestJobStalled, _STALLED_BECAUSE),
        plans.OVERRAN: (HarvestTimeout, "udata has no way to cancel it, so it continues; a retry checks it again."),
        plans.TIMED_OUT: (HarvestTimeout, "The harvest itself, if there is one, continues."),
        plans.UNREACHABLE: (
            HarvestPortalUnreachable,
            "This says nothing about the harvest itself, which continues.",
        ),
        plans.GONE: (HarvestSourceNotRunnable, "No harvest can follow."),
    }


@cache
def _explanations_to_watchers() -> dict[str, str]:
    """Return the explanations for a task that requested nothing, but waits for what others start."""
    return {
        plans.NOT_STARTED: (
            "udata creates a job only when one of the portal's workers takes it: they, or its scheduler, may be busy "
            "or down. A retry waits on."
        ),
        plans.STALLED: (
            "Its worker was probably killed: udata never ends such a job and has no way to cancel it. It takes another "
            "harvest: the portal's next run, or one that an authorized user starts."
        ),
    }


class HarvestWaitMixin:
    """What a task needs to wait for a job on the worker or deferred, with one meaning everywhere.

    The class that uses it has the attributes of the run operator of the same names.
    """

    #: Whether waiting for the portal's own run defers by default.
    defers_for_portal = False
    #: Seconds that a task waits on the worker with frequent polls before it defers.
    worker_patience = 20.0

    # --- arguments -------------------------------------------------------------------------------------------

    def outcome_policy(self: Any) -> OutcomePolicy:
        """Return the criteria for the harvest.

        :raises HarvestInvalidInput: for an impossible limit.
        """
        return outcome.OutcomePolicy.create(
            max_failed_items=self.max_failed_items,
            max_failed_ratio=self.max_failed_ratio,
            min_done_items=self.min_done_items,
            max_skipped_items=self.max_skipped_items,
            max_skipped_ratio=self.max_skipped_ratio,
            fail_on_job_errors=self.fail_on_job_errors,
            remote_ids=self.remote_ids,
        )

    def limits(self: Any) -> Limits:
        """Return how long the job may take.

        :raises HarvestInvalidInput: for an invalid length of time.
        """
        stall = checks.as_seconds(self.stall_timeout, "stall_timeout")
        return runs.Limits(
            run_timeout=checks.as_seconds(self.run_timeout, "run_timeout"),
            stall_timeout=stall,
            first_item_timeout=max(stall, checks.as_seconds(self.first_item_timeout, "first_item_timeout")),
        )

    def plan(self: Any, client: HarvestClient, source_id: str, how: str, **what: Any) -> WaitPlan:
        """Return the plan of a wait that begins now.

        :param client: of the portal, which has responded: the times of a plan are by its clock.
        :param what: which job is waited for, and other fields of :class:`WaitPlan`.
        """
        now = what.pop("begun", runs.now_there(client))
        interval = max(checks.as_seconds(self.poll_interval, "poll_interval"), self.hook.min_poll_interval)
        what.setdefault("deadline", self.deadline_from(now))
        return plans.WaitPlan(
            source_id=source_id,
            how=how,
            begun=now,
            poll_interval=interval,
            max_poll_failures=self.max_poll_failures,
            limits=self.limits(),
            **what,
        )

    def deadline_from(self: Any, now: float) -> float | None:
        """Return when this try must be over. Airflow enforces no ``execution_timeout`` on a deferred task (3.3)."""
        limit: timedelta | None = self.execution_timeout
        return None if limit is None else now + limit.total_seconds()

    def until_portal_runs(
        self: Any,
        client: HarvestClient,
        source: HarvestSource,
        plan: WaitPlan,
        grace: float | None,
        jobs: list[HarvestJob],
    ) -> WaitPlan:
        """Return a plan that knows when the portal's own run is due, and say so in the log.

        :param grace: seconds after the due time in which the job must begin; None sets no such limit, and then a
            source without a schedule is waited for, too: a user may start its harvest by hand.
        :param jobs: the newest jobs of the source, as just read.
        :raises HarvestSourceNotRunnable: if no run is due, and no job is there already.
        """
        now = runs.now_there(client)
        if waiting.JobWait(plan, client).find(jobs) is not None:
            return plan
        if not source.schedule and grace is None:
            self.log.warning("Source %r has no schedule: only a harvest started by hand ends this wait.", source.name)
            return plan
        if not source.schedule:
            raise HarvestSourceNotRunnable(
                f"Source {source.name!r} has no schedule, so the portal will not harvest it by itself: ask its team to "
                "schedule it (HarvestScheduleSourceOperator, with a sysadmin's key)."
            )
        begins = [begin for job in jobs if (begin := job.started or job.created)]
        is_readable = True
        try:
            # From the beginning of the wait, which a rescheduled sensor begins again at each poke.
            expectation = ticks.expect(source.schedule, begins, plan.begun)
        except cron.InvalidCron:
            is_readable = False
            expectation = ticks.Expectation(source.schedule, plan.begun + _UNREADABLE_PERIOD, None)
        if expectation is None:
            raise HarvestSourceNotRunnable(
                f"Source {source.name!r} has the schedule {source.schedule!r}, which never fires."
            )
        overdue = expectation.overdue
        ends = [plan.deadline, None if grace is None else expectation.due + grace]
        plan = replace(
            plan,
            due=expectation.due if overdue is None else overdue,
            due_again=None if overdue is None else expectation.due,
            cron=source.schedule if is_readable else None,
            offset=expectation.offset,
            grace=grace,
            start_deadline=ends[1],
        )
        fails_at = min((end for end in ends if end is not None), default=None)
        if plan.begun > now - _YOUNG:  # logged once
            self.log.info("%s", ticks.describe(expectation, now, fails_at, self.is_deferring(plan)))
        return plan

    # --- waiting ---------------------------------------------------------------------------------------------

    def after_check(self: Any) -> None:
        """Do what a check of the portal gives occasion for; nothing unless a task says otherwise."""

    def connect_again(self: Any) -> HarvestClient:
        """Return the client for a task that has waited: its harvest continues while the store of connections is away.

        :raises HarvestError: if the connection cannot be read for some minutes.
        :raises HarvestInvalidInput: if it cannot be right.
        """
        clock = clocks.Clock()
        for pause in CONNECT_PAUSES:
            try:
                return self.hook.get_conn()  # type: ignore[no-any-return]
            except HarvestInvalidInput:
                raise
            except Exception as error:  # a secrets backend raises what it likes
                what = error if isinstance(error, HarvestError) else type(error).__name__
                self.log.warning("The connection cannot be read: %s Trying again in %g s.", what, pause)
                clock.sleep(pause)
        return self.hook.get_conn()  # type: ignore[no-any-return]

    def wait(
        self: Any, context: Context, client: HarvestClient, plan: WaitPlan, on_job: Callable[[WaitPlan], None]
    ) -> tuple[WaitPlan, Poll]:
        """Wait as planned, deferring if wanted; return the plan at its end, and the last poll.

        :param on_job: called as soon as the job is known, and when it is skipped as dead.
        """
        wait = waiting.JobWait(plan, client)
        deferring = self.is_deferring(plan)
        begun = client.clock.monotonic()
        self.log.info("%s", plans.describe_wait(plan, runs.now_there(client)))
        told = plan.job_id
        while True:
            poll = wait.poll()
            for line in poll.lines:
                self.log.info("%s", line)
            if wait.plan.job_id != told:
                told = wait.plan.job_id
                on_job(wait.plan)
            self.after_check()
            if poll.is_final:
                return wait.plan, poll
            waited = client.clock.monotonic() - begun
            is_far_off = wait.is_far_off()
            if deferring and (waited >= self.worker_patience or is_far_off):
                self._defer(client, wait.plan)
            quick = (
                poll.has_looked
                and waited < self.worker_patience
                and not is_far_off
                and poll.pause <= plan.poll_interval
            )
            client.clock.sleep(min(_QUICK, poll.pause) if quick else poll.pause)

    def is_deferring(self: Any, plan: WaitPlan | None = None) -> bool:
        """Whether a wait uses a triggerer; one for the portal's own run does unless ``deferrable=False`` was given."""
        if self.deferrable is not None:
            return checks.as_switch(self.deferrable, "deferrable")
        if self.defers_for_portal and plan is not None and plan.due is not None:
            return True
        return bool(conf.getboolean("operators", "default_deferrable", fallback=False))

    def _defer(self: Any, client: HarvestClient, plan: WaitPlan) -> None:
        now = runs.now_there(client)
        end = _latest_end(plan, now)
        self.log.info("Deferred: a triggerer polls every %s.", words.spell(plan.poll_interval))
        from airflow_provider_harvest.triggers.job import HarvestJobTrigger

        self.defer(
            trigger=HarvestJobTrigger(self.harvest_conn_id, plan.to_dict()),
            method_name="execute_complete",
            timeout=None if end is None else timedelta(seconds=end - now + _BACKSTOP),
        )

    def read_event(self: Any, event: dict[str, Any] | None) -> tuple[WaitPlan, Poll]:
        """Return the plan and the last poll of a trigger's event.

        :raises HarvestError: for an event with an error, or an empty one.
        """
        if not isinstance(event, dict) or not isinstance(event.get("plan"), dict) or not event.get("state"):
            raise HarvestError(
                "The trigger's event says nothing about the harvest, so this task cannot call it a success."
            )
        from airflow_provider_harvest.triggers.job import ERROR

        if event["state"] == ERROR:
            raise _rebuilt(event)
        return plans.WaitPlan.from_dict(event["plan"]), plans.Poll(
            event["state"], detail=str(event.get("detail") or "")
        )

    def why_wait_ended(self: Any, context: Context, client: HarvestClient, plan: WaitPlan, poll: Poll) -> HarvestError:
        """Return the exception for a wait that ended without an ended job."""
        kind, explanation = _explanations().get(poll.state, (HarvestError, "This state of a wait is unknown."))
        if plan.how == results.WAITED:
            explanation = _explanations_to_watchers().get(poll.state, explanation)
        page = client.job_url(plan.source_id, plan.job_id) if plan.job_id else client.source_url(plan.source_id)
        lines = [poll.detail, explanation, f"Look at: {page}"]
        tick = ticks.next_tick(plan.cron, plan.offset, client.portal_now()) if plan.cron else None
        if tick is not None:
            lines.append(f"{_next_run(tick - client.portal_now(), plan.cron)}")
        return kind("\n".join([*lines, retry_sentence(context, self.is_not_retried(kind("")))]))

    def is_not_retried(self: Any, error: HarvestError) -> bool:
        """Whether Airflow does not retry this error; under ``soft_fail`` none can be raised that says so."""
        return is_final(error) and not getattr(self, "soft_fail", False)

    # --- the end ---------------------------------------------------------------------------------------------

    def deliver(
        self: Any, context: Context, client: HarvestClient, source: HarvestSource, result: dict[str, Any], *, fail: bool
    ) -> dict[str, Any]:
        """Log, push and return a result; raise if it is not a success and ``fail_on_outcome`` is set.

        :raises HarvestOutcomeRejected: with the result.
        """
        context["ti"].xcom_push(key=results.RESULT_KEY, value=result)
        self.push_links(context, job_url=result["job_url"])
        if results.is_success(result) or not fail:  # a failure's message holds the summary, and is logged by Airflow
            for line in report.summary_lines(result):
                self.log.info("%s", line)
            _tell_outlets(context, self.outlets, result)
            return result
        rejected = HarvestOutcomeRejected("", result=result)
        chance = self._next_chance(context, client, source, self.is_not_retried(rejected))
        raise HarvestOutcomeRejected(report.failure_message(result, chance), result=result)

    def _next_chance(self: Any, context: Context, client: HarvestClient, source: HarvestSource, final: bool) -> str:
        """Return a sentence on whether Airflow retries, and when the portal harvests again."""
        sentence = retry_sentence(context, final)
        if not source.schedule:
            return f"{sentence} The portal has no schedule for this source."
        try:
            begins = [begin for job in client.recent_jobs(source.id) if (begin := job.started or job.created)]
            expectation = ticks.expect(source.schedule, begins, client.portal_now())
        except HarvestError:
            return sentence
        if expectation is None:
            return sentence
        now = client.portal_now()
        return f"{sentence} {_next_run(expectation.due - now, source.schedule)}"


def _next_run(seconds: float, cron: str | None) -> str:
    return f"The portal's own next run: in about {words.spell(seconds)} (cron {cron})."


def retry_sentence(context: Context, final: bool) -> str:
    """Return whether Airflow will try this task again, as a sentence.

    :param final: whether a retry would fail with the same error.
    """
    ti: Any = context.get("ti")
    tried, allowed = getattr(ti, "try_number", None), getattr(ti, "max_tries", None)
    if final:
        return "Airflow does not retry this, since a retry would fail in the same way. Clear the task to harvest again."
    if isinstance(tried, int) and isinstance(allowed, int) and tried <= allowed:
        return f"Airflow retries this (try {tried} of {allowed + 1})."
    return "Airflow does not retry this: no retries are left."


def _latest_end(plan: WaitPlan, now: float) -> float | None:
    """Return when a wait is over by itself at the latest; None if only its job decides."""
    known = now if plan.job_id else plan.start_deadline
    ends = [plan.deadline, None if known is None else known + plan.limits.run_timeout]
    return min((end for end in ends if end is not None), default=None)


def _tell_outlets(context: Context, outlets: Any, result: dict[str, Any]) -> None:
    """Give each asset that the task updates the result as its event's extra, for DAGs that are scheduled on it."""
    events: Any = context.get("outlet_events")
    if events is None:
        return
    for outlet in outlets or ():
        if not hasattr(outlet, "uri") and not type(outlet).__name__.endswith("Ref"):
            continue  # an alias only names others
        try:
            events[outlet].extra = {**(events[outlet].extra or {}), **result}
        except Exception as error:  # a reference to an asset that Airflow does not know: the harvest is as good
            log.warning("The event of %r gets no result: %s", outlet, error)


def _rebuilt(event: dict[str, Any]) -> HarvestError:
    kind = getattr(exceptions, str(event.get("error")), None)
    if isinstance(kind, type) and issubclass(kind, HarvestError):
        return kind(str(event.get("detail") or "The trigger failed."))
    return HarvestError(f"The trigger failed: {event.get('error')}: {event.get('detail')}")
