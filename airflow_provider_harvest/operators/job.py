"""Operator that starts a harvest, waits for it and judges it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._later import later
from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestConnectionError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestProtocolError,
    HarvestRateLimited,
    HarvestRedirected,
    HarvestRequestRejected,
    HarvestResponseLost,
    HarvestServerError,
    HarvestSourceBusy,
    HarvestSourceNotRunnable,
    HarvestUnavailable,
)
from airflow_provider_harvest.links.harvest import HarvestJobLink, HarvestSourceLink
from airflow_provider_harvest.operators._base import HarvestOperator, resolve_source
from airflow_provider_harvest.operators._memory import TaskMemory
from airflow_provider_harvest.operators._waiting import HarvestWaitMixin
from airflow_provider_harvest.portal.statuses import FAILED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime, timedelta

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.exceptions import HarvestError
    from airflow_provider_harvest.portal import inputs as checks
    from airflow_provider_harvest.portal import words
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome import conclude, hints
    from airflow_provider_harvest.portal.outcome import result as results
    from airflow_provider_harvest.portal.outcome import summary as report
    from airflow_provider_harvest.portal.waiting import job_wait as waiting
    from airflow_provider_harvest.portal.waiting import plan as plans
    from airflow_provider_harvest.portal.waiting import which_job as runs
    from airflow_provider_harvest.portal.waiting.plan import Poll, WaitPlan
else:
    checks, conclude, hints, plans, report, results, runs, waiting, words = later(
        "inputs",
        "outcome.conclude",
        "outcome.hints",
        "waiting.plan",
        "outcome.summary",
        "outcome.result",
        "waiting.which_job",
        "waiting.job_wait",
        "words",
    )

FAIL, WAIT, ATTACH = "fail", "wait", "attach"
#: ``how`` of a wait for another job that must end before this task starts its own.
BLOCKED = "blocked"
#: Seconds from asking until the first look: a worker of the portal needs a moment to make the job.
FIRST_LOOK = 1.0
#: After the due time of the portal's own run, how many seconds it may take to begin; a longer start_timeout wins.
PORTAL_GRACE = 3 * 3600.0


class HarvestRunSourceOperator(HarvestWaitMixin, HarvestOperator):
    """Start a harvest of a source, wait for *this* harvest, and succeed only if it meets the criteria.

    A successful task guarantees that a harvest that began after this task's request ended as the arguments below
    require, and that the task never knowingly requested a second one, however often it was retried. Its job is
    recognized by the ids of the jobs that existed before the request, never by comparing clocks.

    :param source_id: id of the source (a slug is resolved once). Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :param on_run_refused: what to do if the key may not start a harvest (400 or 403, or no key at all; udata's
        default lets only sysadmins): ``"fail"`` (default), or ``"wait"`` for the portal's own next run. A wrong key
        (401) always fails.
    :param after: when waiting for the portal, a job counts if it began at or after this time, even if it has already
        ended: an aware datetime or ISO string. Default: when the task first started. Templated.
    :param if_running: a job of the source is running: ``"wait"`` (default) lets it end, pauses for up to 20 s so
        that others who waited for it do not all ask at once, and then starts its own if no other one runs by then,
        since it may have read the old catalogue; ``"attach"`` waits for this job instead; ``"fail"`` fails.
    :param start_timeout: how long a job may take to appear after the request, in seconds or as ``timedelta``; 2 h. When
        waiting for the portal: counted from the next tick of its cron, and at least 3 h.
    :param run_timeout: how long the job may run, in seconds or as ``timedelta``; 24 h.
    :param stall_timeout: how long nothing may move between two items of the job; 2 h. A job beyond that is dead.
    :param first_item_timeout: how long the job may go without its first item (fetching a large catalogue shows
        nothing); 6 h.
    :param poll_interval: pause between two polls, in seconds or as ``timedelta``; 60 s.
    :param max_poll_failures: failed polls in a row after which the wait ends with an error; 10.
    :param deferrable: whether the wait uses a triggerer instead of a worker slot; default: Airflow's
        ``operators.default_deferrable``. Waiting for the portal's own run defers unless this is False.
    :param max_failed_items: how many items may fail; 0 unless ``max_failed_ratio`` is given.
    :param max_failed_ratio: how many of the done, failed and skipped items may fail, 0 to 1; all given limits hold.
    :param min_done_items: how many items must be done; 1. Archived and skipped items never count.
    :param max_skipped_items: how many items may be skipped (such as records without an identifier, whose datasets the
        portal archives later); None (default) sets no such limit.
    :param max_skipped_ratio: how many of the done, failed and skipped items may be skipped, 0 to 1. None (default), and
        no ``max_skipped_items``: half, or more where none of the last ten harvests skipped less.
    :param fail_on_job_errors: whether errors of the job itself fail it although it is done; True.
    :param remote_ids: judge these records only: each must be done. A remote id is the dct:identifier of a DCAT record
        or the id of a CKAN package. Templated.
    :param fail_on_outcome: False: the task succeeds whatever the verdict is; the verdict is in the result.
    :returns: the result dict (docs/reference.md), also pushed as XCom ``harvest_result`` before a failing task raises.
    :raises HarvestFailException: (an ``AirflowFailException``) for errors that a retry would cause again.
    :raises HarvestError: for errors after which a retry may succeed.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id", "after", "remote_ids")
    operator_extra_links = (HarvestSourceLink(), HarvestJobLink())
    defers_for_portal = True
    #: Seconds in which the tasks that waited for one job ask for their own, each at a moment of its own.
    crowd_seconds = 20.0
    #: What draws that moment.
    draw = staticmethod(random.uniform)

    def __init__(
        self,
        *,
        source_id: str,
        on_run_refused: str = FAIL,
        after: datetime | str | None = None,
        if_running: str = WAIT,
        start_timeout: float | timedelta = 2 * 3600,
        run_timeout: float | timedelta = 24 * 3600,
        stall_timeout: float | timedelta = 2 * 3600,
        first_item_timeout: float | timedelta = 6 * 3600,
        poll_interval: float | timedelta = 60,
        max_poll_failures: int = 10,
        deferrable: bool | None = None,
        max_failed_items: int | None = None,
        max_failed_ratio: float | None = None,
        min_done_items: int = 1,
        max_skipped_items: int | None = None,
        max_skipped_ratio: float | None = None,
        fail_on_job_errors: bool = True,
        remote_ids: Collection[str] | None = None,
        fail_on_outcome: bool = True,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("multiple_outputs", True)
        super().__init__(**kwargs)
        self.source_id = source_id
        self.on_run_refused = on_run_refused
        self.after = after
        self.if_running = if_running
        self.start_timeout = start_timeout
        self.run_timeout = run_timeout
        self.stall_timeout = stall_timeout
        self.first_item_timeout = first_item_timeout
        self.poll_interval = poll_interval
        self.max_poll_failures = max_poll_failures
        self.deferrable = deferrable
        self.max_failed_items = max_failed_items
        self.max_failed_ratio = max_failed_ratio
        self.min_done_items = min_done_items
        self.max_skipped_items = max_skipped_items
        self.max_skipped_ratio = max_skipped_ratio
        self.fail_on_job_errors = fail_on_job_errors
        self.remote_ids = remote_ids
        self.fail_on_outcome = fail_on_outcome
        self._job_page: str | None = None
        self._deadline: float | None = None
        self._memory: TaskMemory | None = None
        self._was_stopped = False

    # --- Airflow's entry points ------------------------------------------------------------------------------

    def execute(self, context: Context) -> dict[str, Any]:
        """Request a harvest, or find the one that was requested, and wait for it."""
        with self.errors(context):
            self._refuse_bad_input()
            client = self.hook.get_conn()
            memory = self._memory = TaskMemory(context, client.clock.now())
            began = client.clock.now()
            source = resolve_source(client, self.source_id)
            client.settle_clock()
            self._deadline = super().deadline_from(runs.on_portal_clock(began, client.clock.now(), client.portal_now()))
            memory.about(source.id, client.clock.now(), client.portal_now())
            # An empty address until the job is known: Airflow 3 logs an error for a link without one.
            self.push_links(context, source_url=client.source_url(source.id), job_url="")
            plan = self._remembered_plan(context, client, source, memory) or self._ask(context, client, source, memory)
            return self._follow(context, client, source, memory, plan.knowing(source.last_job))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on where the trigger left off; everything that is needed comes in its event."""
        with self.errors(context):
            plan, ended = self.read_event(event)
            client = self.connect_again()
            self._deadline = plan.deadline
            memory = self._memory = TaskMemory(context, plan.begun, is_portal_time=True)
            memory.about(plan.source_id)
            self._note_job(context, client, memory, plan)
            if ended.state not in _goals(plan):  # the portal may be down: nothing more is read
                raise self._why_given_up(context, client, memory, plan, ended)
            source = client.get_source(plan.source_id, keyed=client.has_key)
            return self._follow(context, client, source, memory, plan, ended)

    def deadline_from(self, now: float) -> float | None:
        """Return when this try must be over, however many waits it takes."""
        deadline: float | None = super().deadline_from(now)
        return deadline if self._deadline is None else self._deadline

    def after_check(self) -> None:
        """Repeat what could not be stored."""
        if self._memory is not None:
            self._memory.repeat()

    # --- what is to be done ----------------------------------------------------------------------------------

    def _refuse_bad_input(self) -> None:
        """Check what was given before anything is sent."""
        for name, value, allowed in (
            ("on_run_refused", self.on_run_refused, (FAIL, WAIT)),
            ("if_running", self.if_running, (WAIT, ATTACH, FAIL)),
        ):
            if value not in allowed:
                raise HarvestInvalidInput(f"{name} is {value!r}: give one of {', '.join(map(repr, allowed))}.")
        self.outcome_policy()
        self.limits()
        self._after()
        checks.as_seconds(self.start_timeout, "start_timeout")
        checks.as_seconds(self.poll_interval, "poll_interval")
        checks.as_count(self.max_poll_failures, "max_poll_failures")

    def _remembered_plan(
        self, context: Context, client: HarvestClient, source: HarvestSource, memory: TaskMemory
    ) -> WaitPlan | None:
        """Return how to continue with what an earlier try began, None if none began anything."""
        intent = memory.intent
        if intent.job_id:
            self.log.info("An earlier try found its job already: %s.", client.job_url(source.id, intent.job_id))
            return self.plan(client, source.id, intent.how or results.STARTED, job_id=intent.job_id)
        if intent.asked_at is not None:
            self.log.info(
                "An earlier try requested a harvest %s ago, or was about to: waiting for its job, not requesting.",
                words.spell(runs.now_there(client) - intent.asked_at),
            )
            return self._plan_after_asking(context, client, source, intent.known)
        if memory.is_retry and not memory.is_durable:
            return self._plan_by_first_start(client, source, memory)
        return None

    def _plan_by_first_start(self, client: HarvestClient, source: HarvestSource, memory: TaskMemory) -> WaitPlan | None:
        """Below Airflow 3.3 nothing survives a try: the best there is, is a job begun since the first one started."""
        if not memory.knows_start:
            self.log.warning(
                "This Airflow keeps nothing of earlier tries for a task: if one of them requested a harvest whose job "
                "has ended, or has not begun, another one is requested. Airflow 3.3 remembers."
            )
            return None
        for job in runs.begun_since(client.recent_jobs(source.id), memory.intent.first_started):
            if not self._is_spent(client, job):
                self.log.info("Job %s began since this task first started: taken as the one that it requested.", job.id)
                return self.plan(client, source.id, results.ATTACHED, job_id=str(job.id))
        return None

    def _is_spent(self, client: HarvestClient, job: HarvestJob) -> bool:
        """Whether a retry requests a new harvest after this job: it is dead, or could not reach the remote
        catalogue."""
        if not job.has_ended:
            return waiting.why_dead(client, job, self.limits()) is not None
        if job.status != FAILED:
            return False
        errors = client.peek_job(str(job.id), progress=False).errors
        return any(hints.says_may_pass(error.message) for error in errors)

    def _ask(self, context: Context, client: HarvestClient, source: HarvestSource, memory: TaskMemory) -> WaitPlan:
        """Start a harvest where none is running, or say what must be waited for first."""
        problem = runs.why_not_runnable(source, client.list_backends())
        if problem:
            raise HarvestSourceNotRunnable(problem)
        refusal = self._foreseen_refusal(client, source)
        if refusal:
            return self._plan_for_portal(context, client, source, memory, refusal)
        jobs = client.recent_jobs(source.id)
        running = self._alive(client, jobs, memory)
        if running and self.if_running == FAIL:
            raise HarvestSourceBusy(
                f"Job {running[-1].id} of source {source.name!r} is running "
                f"({client.job_url(source.id, str(running[-1].id))}), and if_running='fail' is set."
            )
        if running and self.if_running == ATTACH:
            self.log.info("Joining job %s, which is running.", running[-1].id)
            memory.note(replace(memory.intent, job_id=running[-1].id, how=results.ATTACHED))
            return self.plan(client, source.id, results.ATTACHED, job_id=str(running[-1].id))
        if running:
            self.log.info(
                "Job %s of this source is running and may have read the old catalogue: letting it end first.",
                running[-1].id,
            )
            return self.plan(client, source.id, BLOCKED, job_id=str(running[-1].id))
        return self._post(context, client, source, memory, tuple(str(job.id) for job in jobs))

    def _post(
        self, context: Context, client: HarvestClient, source: HarvestSource, memory: TaskMemory, known: tuple[str, ...]
    ) -> WaitPlan:
        """Send the request once. If it was certainly not carried out, it is forgotten; otherwise it counts as sent."""
        memory.update(known=known, asked_at=runs.now_there(client), job_id=None, how=results.STARTED)
        try:
            client.run_source(source.id)
        except (HarvestConnectionError, HarvestRateLimited, HarvestUnavailable):
            memory.note(memory.intent.spent())
            raise
        except (HarvestAuthError, HarvestRequestRejected, HarvestRedirected, HarvestNotFound) as error:
            memory.note(memory.intent.spent())
            if isinstance(error, (HarvestRedirected, HarvestNotFound)) or getattr(error, "status_code", 0) == 401:
                raise
            return self._plan_for_portal(context, client, source, memory, str(error), error)
        except (HarvestResponseLost, HarvestServerError, HarvestProtocolError) as error:
            self.log.warning("%s Waiting for the job instead of requesting again.", error)
        else:
            self.log.info("Asked the portal to harvest source %r (%s).", source.name, source.id)
        client.clock.sleep(FIRST_LOOK)
        return self._plan_after_asking(context, client, source, known)

    def _foreseen_refusal(self, client: HarvestClient, source: HarvestSource) -> str | None:
        """Return why a request would be refused, if that is known beforehand; the switch for manual runs is not
        shown."""
        if not client.has_key:
            return "The connection has no API key, and starting a harvest takes one."
        if source.permissions is not None and source.permissions.get("run") is False:
            return f"This key's user may not run source {source.name!r}."
        return None

    # --- the plans -------------------------------------------------------------------------------------------

    def _plan_after_asking(
        self, context: Context, client: HarvestClient, source: HarvestSource, known: tuple[str, ...]
    ) -> WaitPlan:
        until = runs.now_there(client) + checks.as_seconds(self.start_timeout, "start_timeout")
        return self.plan(client, source.id, results.STARTED, known=known, start_deadline=until)

    def _plan_for_portal(
        self,
        context: Context,
        client: HarvestClient,
        source: HarvestSource,
        memory: TaskMemory,
        refusal: str,
        cause: Exception | None = None,
    ) -> WaitPlan:
        """Wait for the portal's own next run, if that is allowed."""
        if self.on_run_refused != WAIT:
            raise HarvestSourceNotRunnable(
                f"{refusal} This key may not start harvests on this portal; set on_run_refused='wait' to wait for the "
                "portal's own next one."
            ) from cause
        given = self._after()
        if given is not None:
            after = runs.on_portal_clock(given, client.clock.now(), client.portal_now())
        else:
            after = memory.intent.first_started
            if not memory.knows_start:
                self.log.warning(
                    "This is a retry, and when its first try started is not known here: only harvests that begin from "
                    "now on count. Set 'after' to say from when on."
                )
        memory.note(replace(memory.intent, how=results.WAITED))
        plan = self.plan(client, source.id, results.WAITED, after=after, passed_over=memory.intent.passed_over)
        grace = max(PORTAL_GRACE, checks.as_seconds(self.start_timeout, "start_timeout"))
        return self.until_portal_runs(client, source, plan, grace, client.recent_jobs(source.id))

    def _after(self) -> float | None:
        return None if self.after is None else checks.as_datetime(self.after, "after").timestamp()

    def _alive(self, client: HarvestClient, jobs: list[HarvestJob], memory: TaskMemory) -> list[HarvestJob]:
        """Return the jobs that are running, newest first; dead ones are named and passed over."""
        alive = []
        for job in jobs:
            if job.has_ended:
                continue
            dead = waiting.why_dead(client, job, self.limits())
            if dead:
                self.log.warning(
                    "Passed over as dead: %s (%s).", dead, client.job_url(memory.intent.source_id, str(job.id))
                )
            else:
                alive.append(job)
        return alive

    # --- following a plan to its end -------------------------------------------------------------------------

    def _follow(
        self,
        context: Context,
        client: HarvestClient,
        source: HarvestSource,
        memory: TaskMemory,
        plan: WaitPlan,
        ended: Poll | None = None,
    ) -> dict[str, Any]:
        """Wait as planned (perhaps by deferring), again for each job that blocks this one, and judge."""
        while True:
            if ended is None:
                plan, ended = self.wait(
                    context, client, plan, lambda known: self._note_job(context, client, memory, known)
                )
            if plan.how != BLOCKED:
                break
            if ended.state not in _goals(plan):
                raise self._why_given_up(context, client, memory, plan, ended)
            self.log.info("Job %s no longer blocks this task.", plan.job_id)
            # Whoever else waited for it wakes up now, too: one after the other they see whose harvest runs.
            client.clock.sleep(self.draw(0.0, self.crowd_seconds))
            source, ended = client.get_source(source.id), None
            plan = self._ask(context, client, source, memory).knowing(source.last_job)
        if ended.state != plans.ENDED:
            raise self._why_given_up(context, client, memory, plan, ended)
        return self._finish(context, client, source, memory, plan, ended.job)

    def _why_given_up(
        self, context: Context, client: HarvestClient, memory: TaskMemory, plan: WaitPlan, ended: Poll
    ) -> HarvestError:
        """Return the exception for a wait without an ended job; a job that is dead or gone is not waited for again."""
        if ended.state in (plans.STALLED, plans.GONE):
            memory.note(memory.intent.spent())
        return self.why_wait_ended(context, client, plan, ended)

    def _finish(
        self,
        context: Context,
        client: HarvestClient,
        source: HarvestSource,
        memory: TaskMemory,
        plan: WaitPlan,
        job: HarvestJob | None,
    ) -> dict[str, Any]:
        policy = self.outcome_policy()
        result = conclude.conclude(client, source, str(plan.job_id), plan.how, policy, plan.before, job=job)
        if result["failure_kind"] in ("remote_unreachable", "unreadable"):
            memory.note(memory.intent.spent())  # a retry requests a new harvest
        delivered: dict[str, Any] = self.deliver(context, client, source, result, fail=self.fail_on_outcome)
        memory.end()
        return delivered

    def _note_job(self, context: Context, client: HarvestClient, memory: TaskMemory, plan: WaitPlan) -> None:
        """Store and show the job as soon as it is known; forget one that was passed over as dead."""
        if plan.how == BLOCKED:
            return
        if plan.job_id is None:
            if plan.passed_over:
                memory.note(replace(memory.intent, job_id=None, passed_over=plan.passed_over))
            return
        memory.note(replace(memory.intent, job_id=plan.job_id, how=plan.how))
        self._job_page = client.job_url(plan.source_id, plan.job_id)
        self.push_links(context, job_url=self._job_page)

    def on_kill(self) -> None:
        """Say once that the harvest continues: udata has no way to cancel a job.

        Airflow calls this twice as a worker shuts down, and a task that is given the time may still succeed.
        """
        if not self._was_stopped:
            self._was_stopped = True
            self.log.warning("%s", report.goes_on(self._job_page))


def _goals(plan: WaitPlan) -> tuple[str, ...]:
    """Return the states that a wait is for: its job has ended or, if it only blocks, no longer blocks."""
    return (plans.ENDED, plans.STALLED, plans.GONE) if plan.how == BLOCKED else (plans.ENDED,)
