"""A task's wait for a job of one source, and its result. Loaded when a task runs, not when a DAG is parsed."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_harvest import exceptions
from airflow_provider_harvest.assets import names_another
from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestJobNotStarted,
    HarvestJobStalled,
    HarvestOutcomeRejected,
    HarvestPortalUnreachable,
    HarvestSourceNotRunnable,
    HarvestTimeout,
)
from airflow_provider_harvest.operators._log_lines import LineLog
from airflow_provider_harvest.operators._result_items import push_result
from airflow_provider_harvest.operators._retries import retry_sentence
from airflow_provider_harvest.portal.outcome.read_ended_job import conclude
from airflow_provider_harvest.portal.outcome.result import is_success
from airflow_provider_harvest.portal.outcome.summary import failure_message, summary_lines
from airflow_provider_harvest.portal.statuses import GONE, NOT_STARTED, OVERRAN, STALLED, TIMED_OUT, UNREACHABLE, WAITED
from airflow_provider_harvest.portal.text.words import spell
from airflow_provider_harvest.portal.waiting import next_run, scheduled_run
from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.patient_reads import read_patiently
from airflow_provider_harvest.portal.waiting.wait_plan import Poll, WaitPlan, describe_wait
from airflow_provider_harvest.portal.waiting.which_job import now_there
from airflow_provider_harvest.triggers.event import is_reported_twice
from airflow_provider_harvest.triggers.job import ERROR, HarvestJobTrigger

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.operators._wait_arguments import HarvestWaitingTask
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.portal.outcome.verdict import OutcomePolicy
    from airflow_provider_harvest.portal.statuses import How

log = logging.getLogger(__name__)
T = TypeVar("T")

#: Seconds in which a wait has just begun.
_YOUNG = 5.0
#: Seconds between polls while a task is young: small harvests end in that time, and the job becomes known.
_QUICK = 2.0
#: Airflow's own timeout of a deferral is this much later than ours: it only matters if no triggerer runs.
_BACKSTOP = 3600.0

_NOT_STARTED_BECAUSE = (
    "udata creates the job only when one of the portal's workers takes it: they may be busy or down, the request may "
    "never have arrived, or the backend could not be loaded. A retry continues to wait for that job and "
    "requests no other one; clear the task to request again."
)
_STALLED_BECAUSE = (
    "Its worker was probably killed: udata never ends such a job and has no way to cancel it. The next try passes it "
    "over and requests a new harvest."
)
#: The exception and its explanation for each state in which a wait can end without an ended job.
_EXPLANATIONS: dict[str, tuple[type[HarvestError], str]] = {
    NOT_STARTED: (HarvestJobNotStarted, _NOT_STARTED_BECAUSE),
    STALLED: (HarvestJobStalled, _STALLED_BECAUSE),
    OVERRAN: (HarvestTimeout, "udata has no way to cancel it, so it continues; a retry checks it again."),
    TIMED_OUT: (HarvestTimeout, "The harvest itself, if there is one, continues."),
    UNREACHABLE: (HarvestPortalUnreachable, "This says nothing about the harvest itself, which continues."),
    GONE: (HarvestSourceNotRunnable, "No harvest can follow."),
}
#: The explanations for a task that requested nothing, but waits for what others start.
_EXPLANATIONS_TO_WATCHERS = {
    NOT_STARTED: (
        "udata creates a job only when one of the portal's workers takes it: they, or its scheduler, may be busy "
        "or down. A retry waits on."
    ),
    STALLED: (
        "Its worker was probably killed: udata never ends such a job and has no way to cancel it. It takes another "
        "harvest: the portal's next run, or one that an authorized user starts."
    ),
}


class TaskWait:
    """The wait of one try of a task.

    :param task: the operator or sensor; its arguments say how long may be waited and what the harvest must meet.
    :param context: Airflow's task context.
    :param client: of the portal.
    :param source_id: the source.
    :param source: the source, if it was read already; default: it is read when it is first needed.
    """

    #: Whether the source is read with the connection's key, which shows what it may do there.
    reads_with_key = False

    def __init__(
        self,
        task: HarvestWaitingTask,
        context: Context,
        client: HarvestClient,
        source_id: str,
        source: HarvestSource | None = None,
    ) -> None:
        self.context = context
        self.client = client
        self.source_id = source_id
        # Airflow 3.1 calls the logger of every task "task": by our own name the pages know these lines as ours.
        self.log = LineLog(log)
        self._task = task
        if source is not None:
            self.source = source

    @cached_property
    def source(self) -> HarvestSource:
        """The source, read from the portal unless it was given."""
        return self.client.get_source(self.source_id, keyed=self.reads_with_key and self.client.has_key)

    @cached_property
    def policy(self) -> OutcomePolicy:
        """The criteria for the harvest."""
        return self._task.outcome_policy()

    # --- what is waited for ----------------------------------------------------------------------------------

    def new_plan(self, how: How, begun: float | None = None) -> WaitPlan:
        """Return the plan of a wait that does not say yet which job it is for.

        :param how: what the result will say.
        :param begun: when the wait began, by the portal's clock; default: now.
        """
        now = now_there(self.client) if begun is None else begun
        return WaitPlan(
            source_id=self.source_id,
            how=how,
            begun=now,
            deadline=self._task.deadline_from(now),
            poll_interval=max(self._task.seconds_between_checks(), self._task.hook.min_poll_interval),
            max_poll_failures=self._task.max_poll_failures,
            limits=self._task.limits(),
        )

    def until_portal_runs(self, plan: WaitPlan, grace: float | None, jobs: list[HarvestJob]) -> WaitPlan:
        """Return a plan with the time at which the portal's own run is due, and log it.

        :param grace: seconds after the due time in which the job must begin; None sets no such limit, and then a
            source without a schedule is waited for, too: a user may start its harvest by hand.
        :param jobs: the newest jobs of the source, as just read.
        :raises HarvestSourceNotRunnable: if no run is due, and no job is there already.
        """
        plan, expectation = scheduled_run.until_portal_runs(
            plan, self.client, self.source, jobs, grace, self.log.warning
        )
        now = now_there(self.client)
        if expectation is not None and plan.begun > now - _YOUNG:  # logged once
            fails_at = scheduled_run.gives_up_at(plan)
            self.log.info("%s", next_run.describe(expectation, now, fails_at, self._task.is_deferring(plan)))
        return plan

    # --- waiting ---------------------------------------------------------------------------------------------

    def job_changed(self, plan: WaitPlan) -> None:
        """Show the job as soon as it is known, and when another one takes its place."""
        if plan.job_id is not None:
            self._task.push_links(self.context, job_url=self.client.job_url(plan.source_id, plan.job_id))

    def after_check(self) -> None:
        """Called after each check of the portal; does nothing unless a subclass overrides it."""

    def poll(self, wait: JobWait) -> Poll:
        """Check the portal once, and log what is new."""
        poll = wait.poll()
        for line in poll.lines:
            self.log.info("%s", line)
        return poll

    def wait(self, plan: WaitPlan) -> tuple[WaitPlan, Poll]:
        """Wait as planned, deferring if wanted; return the plan at its end, and the last poll."""
        client = self.client
        wait = JobWait(plan, client)
        deferring = self._task.is_deferring(plan)
        patience = self._task.worker_patience
        begun = client.clock.monotonic()
        self.log.info("%s", describe_wait(plan, now_there(client)))
        told = None
        while True:
            poll = self.poll(wait)
            if wait.plan.job_id != told:
                told = wait.plan.job_id
                self.job_changed(wait.plan)
            self.after_check()
            if poll.is_final:
                return wait.plan, poll
            waited = client.clock.monotonic() - begun
            is_far_off = wait.is_far_off()
            if deferring and (waited >= patience or is_far_off):
                self._defer(wait.plan)
            quick = poll.has_looked and waited < patience and not is_far_off and poll.pause <= plan.poll_interval
            client.clock.sleep(min(_QUICK, poll.pause) if quick else poll.pause)

    def _defer(self, plan: WaitPlan) -> None:
        now = now_there(self.client)
        end = _latest_end(plan, now)
        self.log.info("Deferred: a triggerer polls every %s.", spell(plan.poll_interval))
        self._task.defer(
            trigger=HarvestJobTrigger(self._task.harvest_conn_id, plan.to_dict()),
            method_name="execute_complete",
            timeout=None if end is None else timedelta(seconds=end - now + _BACKSTOP),
        )

    # --- the end ---------------------------------------------------------------------------------------------

    def why_ended(self, plan: WaitPlan, poll: Poll) -> HarvestError:
        """Return the exception for a wait that ended without an ended job."""
        client = self.client
        kind, explanation = _EXPLANATIONS.get(poll.state, (HarvestError, "This state of a wait is unknown."))
        if plan.how == WAITED:
            explanation = _EXPLANATIONS_TO_WATCHERS.get(poll.state, explanation)
        page = client.job_url(plan.source_id, plan.job_id) if plan.job_id else client.source_url(plan.source_id)
        lines = [poll.detail, explanation, f"See {page}"]
        tick = next_run.next_tick(plan.cron, plan.offset, client.portal_now()) if plan.cron else None
        if tick is not None:
            lines.append(_next_run(tick - client.portal_now(), plan.cron))
        return kind("\n".join([*lines, retry_sentence(self.context, self._task.is_not_retried(kind("")))]))

    def patiently(self, plan: WaitPlan, read: Callable[[], T]) -> T:
        """Return what a function reads once something has been waited for; it tolerates as much as that wait."""
        return read_patiently(
            read,
            self.client,
            interval=plan.poll_interval,
            max_failures=plan.max_poll_failures,
            until=plan.deadline,
            say=lambda line: self.log.warning("%s", line),
        )

    def conclude(self, plan: WaitPlan, ended: Poll) -> HarvestResult:
        """Read the result of a plan's ended job, and judge it: nobody else judges this harvest."""
        job_id, before = str(plan.job_id), plan.before
        return self.patiently(
            plan,
            lambda: conclude(self.client, self.source, job_id, plan.how, self.policy, before, job=ended.job),
        )

    def deliver(self, result: HarvestResult) -> HarvestResult:
        """Log, push and return a result; raise if it is not a success and ``fail_on_outcome`` is set.

        :raises HarvestOutcomeRejected: with the result.
        """
        push_result(self.context, result)
        self._task.push_links(self.context, job_url=result["job_url"])
        # A failure's message holds the summary, and is logged by Airflow.
        if is_success(result) or not self._task.fail_on_outcome:
            for line in summary_lines(result):
                self.log.info("%s", line)
            _tell_outlets(self.context, self._task.outlets, self.source, result)
            return result
        rejected = HarvestOutcomeRejected("", result=dict(result))
        chance = self._next_chance(self._task.is_not_retried(rejected))
        raise HarvestOutcomeRejected(failure_message(result, chance), result=dict(result))

    def _next_chance(self, final: bool) -> str:
        """Return a sentence on whether Airflow retries, and when the portal harvests again."""
        client, source = self.client, self.source
        sentence = retry_sentence(self.context, final)
        if not source.schedule:
            return f"{sentence} The portal has no schedule for this source."
        try:
            begins = [begin for job in client.recent_jobs(source.id) if (begin := job.started or job.created)]
            expectation = next_run.expect(source.schedule, begins, client.portal_now())
        except HarvestError:
            return sentence
        if expectation is None:
            return sentence
        return f"{sentence} {_next_run(expectation.due - client.portal_now(), source.schedule)}"


def read_event(event: dict[str, Any] | None) -> tuple[WaitPlan, Poll]:
    """Return the plan and the last poll of a trigger's event.

    :raises HarvestError: for an event with an error, or an empty one.
    """
    if not isinstance(event, dict) or not isinstance(event.get("plan"), dict) or not event.get("state"):
        raise HarvestError("The trigger's event says nothing about the harvest, so this task cannot call it a success.")
    if event["state"] == ERROR:
        raise _rebuilt(event)
    return WaitPlan.from_dict(event["plan"]), Poll(event["state"], detail=str(event.get("detail") or ""))


def _next_run(seconds: float, schedule: str | None) -> str:
    return f"The portal's own next run: in about {spell(seconds)} (cron {schedule})."


def _latest_end(plan: WaitPlan, now: float) -> float | None:
    """Return when a wait is over by itself at the latest; None if only its job decides.

    A wait for the portal's own run may continue with the next one, a week later, if a job turns out to be dead.
    """
    known = None if plan.after is not None else now if plan.job_id else plan.start_deadline
    ends = [plan.deadline, None if known is None else known + plan.limits.run_timeout]
    return min((end for end in ends if end is not None), default=None)


def _tell_outlets(context: Context, outlets: Any, source: HarvestSource, result: HarvestResult) -> None:
    """Give each asset that the task updates the result as its event's extra, for DAGs that are scheduled on it.

    Airflow fires the event of each outlet of a task that ends well, also of one that names something else.
    """
    events: Any = context.get("outlet_events")
    if events is None:
        return
    for outlet in outlets or ():
        if not hasattr(outlet, "uri") and not type(outlet).__name__.endswith("Ref"):
            continue  # an alias only names others
        try:
            events[outlet].extra = {**(events[outlet].extra or {}), **result}
        except Exception as error:  # a reference to an asset that Airflow does not know must not fail a good harvest
            log.warning("The event of %r gets no result: %s", outlet, error)
        named = names_another(str(getattr(outlet, "uri", "")), source)
        if named:
            log.warning(
                "Asset %s is an outlet of this task, but names another %s than that of source %s: Airflow starts the "
                "DAGs that are scheduled on it all the same. Give the task the asset of what it harvests.",
                outlet.uri,
                named,
                source.id,
            )
        if is_reported_twice(outlet, source):
            log.warning(
                "Asset %s is an outlet of this task, and its watcher reports this harvest, too: that fires two events. "
                "Take the asset out of the outlets; the watcher reports every harvest.",
                outlet.uri,
            )


def _rebuilt(event: dict[str, Any]) -> HarvestError:
    kind = getattr(exceptions, str(event.get("error")), None)
    if isinstance(kind, type) and issubclass(kind, HarvestError):
        return kind(str(event.get("detail") or "The trigger failed."))
    return HarvestError(f"The trigger failed: {event.get('error')}: {event.get('detail')}")
