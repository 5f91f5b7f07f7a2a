"""One try of the run operator: request a harvest at most once, and wait for it. Loaded when a task runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import HarvestError, HarvestOutcomeRejected, HarvestSourceNotRunnable
from airflow_provider_harvest.operators._compared_job import compared_job_of, note_compared_job
from airflow_provider_harvest.operators._guarded_source import GuardedSource
from airflow_provider_harvest.operators._request_claims import SETTLE, Claims
from airflow_provider_harvest.operators._task_wait import TaskWait
from airflow_provider_harvest.portal.clock import on_portal_clock
from airflow_provider_harvest.portal.guard import guarded_run
from airflow_provider_harvest.portal.inputs import as_datetime, as_seconds
from airflow_provider_harvest.portal.outcome.hints import says_may_pass
from airflow_provider_harvest.portal.outcome.result import is_success
from airflow_provider_harvest.portal.sources.confirm_writes import UNCLEAR
from airflow_provider_harvest.portal.statuses import (
    ATTACHED,
    BLOCKED,
    ENDED,
    FAILED,
    GONE,
    STALLED,
    STARTED,
    WAIT,
    WAITED,
)
from airflow_provider_harvest.portal.text.words import spell
from airflow_provider_harvest.portal.waiting import scheduled_run
from airflow_provider_harvest.portal.waiting.dead_jobs import alive_jobs, why_dead
from airflow_provider_harvest.portal.waiting.known_jobs import KnownJobs
from airflow_provider_harvest.portal.waiting.request_decision import NOT_CARRIED_OUT, is_refused, join_or_let_end
from airflow_provider_harvest.portal.waiting.wait_plan import CROWD_SECONDS, Poll, WaitPlan, goals
from airflow_provider_harvest.portal.waiting.which_job import begun_since, foreseen_refusal, now_there, why_not_runnable

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.operators._memory_between_tries import TaskMemory
    from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.guard.hold_decision import LossThresholds
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.portal.statuses import How

#: Seconds from the request until the first poll: a worker of the portal needs a moment to create the job.
FIRST_LOOK = 1.0


class SourceRun(TaskWait):
    """One try of the run operator.

    :param task: the operator.
    :param context: Airflow's task context.
    :param client: of the portal.
    :param memory: what survives the try; it knows the source.
    :param source: the source, if it was read already; default: it is read when it is first needed.
    """

    reads_with_key = True

    def __init__(
        self,
        task: HarvestRunSourceOperator,
        context: Context,
        client: HarvestClient,
        memory: TaskMemory,
        source: HarvestSource | None = None,
    ) -> None:
        super().__init__(task, context, client, memory.intent.source_id, source)
        self.memory = memory
        self._run_task = task
        self._was_compared = False
        self._claims = Claims(context, self.source_id, client.clock)
        thresholds = guarded_run.thresholds_of(task.guard)
        self._guard = GuardedSource(client, self.source_id, thresholds, memory, source)

    # --- what is to be done ----------------------------------------------------------------------------------

    def begin(self) -> WaitPlan:
        """Return the plan of what an earlier try began; else request a harvest."""
        plan = self._remembered_plan() or self._ask()
        return plan.knowing(self.source.last_job)

    def _remembered_plan(self) -> WaitPlan | None:
        """Return how to continue with what an earlier try began, None if none began anything."""
        intent = self.memory.intent
        if intent.job_id:
            self.log.info(
                "An earlier try found its job already: %s.", self.client.job_url(self.source_id, intent.job_id)
            )
            return replace(self.new_plan(intent.how or STARTED), job_id=intent.job_id)
        if intent.asked_at is not None:
            self.log.info(
                "An earlier try requested a harvest %s ago, or was about to: waiting for its job, not requesting.",
                spell(now_there(self.client) - intent.asked_at),
            )
            return self._plan_after_asking(intent.known, intent.not_before)
        if self.memory.is_retry and not self.memory.is_durable:
            return self._plan_by_first_start()
        return None

    def _plan_by_first_start(self) -> WaitPlan | None:
        """Below Airflow 3.3 nothing survives a try: take a job that began after the first try started."""
        if not self.memory.knows_start:
            self.log.warning(
                "This Airflow keeps nothing of earlier tries for a task: if one of them requested a harvest whose job "
                "has ended, or has not begun, another one is requested. Airflow 3.3 remembers."
            )
            return None
        off_since = self._guard.off_since(self.source)
        if off_since is None:
            return self._plan_of_compared_job()
        since = max(self.memory.intent.first_started, off_since)
        for job in begun_since(self.client.recent_jobs(self.source_id), since):
            if not self._is_spent(job):
                self.log.info("Job %s began since this task first started: taken as the one that it requested.", job.id)
                return replace(self.new_plan(ATTACHED), job_id=str(job.id))
        return None

    def _plan_of_compared_job(self) -> WaitPlan | None:
        """Take the job that an earlier try has compared before it was killed; None if there is none."""
        job_id = compared_job_of(self.context, self.source_id, self.memory.first_try)
        if job_id is None:
            self.log.info("The source's autoarchive is on, so no earlier try has left a guarded harvest.")
            return None
        self.log.info("An earlier try has compared job %s with the portal already: no other is requested.", job_id)
        self._was_compared = True
        return replace(self.new_plan(ATTACHED), job_id=job_id)

    def _is_spent(self, job: HarvestJob) -> bool:
        """Whether a retry requests a new harvest after this job: it is dead, or could not reach the remote
        catalogue."""
        if not job.has_ended:
            return why_dead(self.client, job, self._task.limits()) is not None
        if job.status != FAILED or not self._task.fail_on_outcome:
            return False
        errors = self.client.peek_job(str(job.id), progress=False).errors
        return any(says_may_pass(error.message) for error in errors)

    def _ask(self) -> WaitPlan:
        """Start a harvest if none is running, or return what must be waited for first."""
        try:
            return self._request()
        except Exception as error:
            if self.memory.intent.asked_at is None:
                self._claims.give_up()
                if self._is_held_in_vain(error):
                    self._guard.give_up()
            raise

    def _is_held_in_vain(self, error: Exception) -> bool:
        """Whether this task has switched archiving off for a harvest that does not follow."""
        if self._guard.is_off_by_this_try:
            return True
        is_last = isinstance(error, HarvestError) and self._task.is_not_retried(error)
        return self._guard.is_on and self.memory.is_retry and is_last  # an earlier try may have been killed after it

    def _request(self) -> WaitPlan:
        problem = why_not_runnable(self.source, self.client.list_backends())
        if problem:
            raise HarvestSourceNotRunnable(problem)
        refusal = foreseen_refusal(self.client, self.source)
        if refusal:
            return self._plan_for_portal(refusal)
        jobs, running = self._jobs_in_turn()
        if not running:
            jobs, running = self._hold_in_turn(jobs)
        if not running:
            return self._post(jobs)
        self._claims.give_up()
        how, job_id = join_or_let_end(self.client, self.source, running, self._run_task.if_running, self.log.info)
        if how == ATTACHED:
            self.memory.note(replace(self.memory.intent, job_id=job_id, how=how))
        return replace(self.new_plan(how), job_id=job_id)

    def _jobs_in_turn(self) -> tuple[list[HarvestJob], list[HarvestJob]]:
        """Return what :meth:`_newest_jobs` does, once no other task is about to request a harvest of this source."""
        jobs, running = self._newest_jobs()
        while not running and self._claims.is_shared:
            is_won = self._claims.win()
            jobs, running = self._newest_jobs()  # again: another task may have asked meanwhile
            if is_won or running:
                break
            self.log.info("Another task is about to request a harvest of this source: checking again for its job.")
            self.client.clock.sleep(self._run_task.draw(SETTLE, 5 * SETTLE))
        return jobs, running

    def _hold_in_turn(self, jobs: list[HarvestJob]) -> tuple[list[HarvestJob], list[HarvestJob]]:
        """Switch archiving off if it must be; if that was just done for another harvest, that one is waited for.

        Each task harvests under a hold of its own: the other may be refused, and end its hold.

        :returns: as :meth:`_newest_jobs`.
        """
        running: list[HarvestJob] = []
        while not running:
            if self._guard.begin():
                jobs, running = self._newest_jobs()  # again: what began meanwhile has read that it may archive
                if running:
                    self._guard.give_up()
                break
            if not self._guard.is_about_to_be_used():
                break
            self.client.clock.sleep(self._run_task.draw(SETTLE, 5 * SETTLE))
            jobs, running = self._newest_jobs()
        return jobs, running

    def _newest_jobs(self) -> tuple[list[HarvestJob], list[HarvestJob]]:
        """Return the newest jobs of the source, and those of them that are running."""
        jobs = self.client.recent_jobs(self.source_id, last_job=self.source.last_job)
        return jobs, alive_jobs(self.client, self.source_id, jobs, self._task.limits(), self.log.warning)

    def _post(self, jobs: list[HarvestJob]) -> WaitPlan:
        """Send the request once. If it was certainly not carried out, it is forgotten; otherwise it counts as sent."""
        memory, stopwatch, asked_at = self.memory, self.client.clock.monotonic, now_there(self.client)
        known = listed = KnownJobs.listed(jobs, asked_at)
        memory.update(known=known.ids, not_before=known.not_before, asked_at=asked_at, job_id=None, how=STARTED)
        begun = stopwatch()
        try:
            answer = self.client.run_source(self.source_id)
        except NOT_CARRIED_OUT as error:
            self._claims.give_up()
            memory.note(memory.intent.not_asked())
            if not is_refused(error):
                raise
            return self._plan_for_portal(str(error), error)
        except UNCLEAR as error:
            self.log.warning("%s Waiting for the job instead of requesting again.", error)
        else:
            self.log.info("Asked the portal to harvest source %r (%s).", self.source.name, self.source_id)
            known = known.after_request(answer.last_job, stopwatch() - begun)
            if known != listed:
                memory.note(replace(memory.intent, known=known.ids, not_before=known.not_before))
        self.client.clock.sleep(FIRST_LOOK)
        return self._plan_after_asking(known.ids, known.not_before)

    # --- the plans -------------------------------------------------------------------------------------------

    def new_plan(self, how: How, begun: float | None = None) -> WaitPlan:
        """Return a plan that also says whether its harvest may archive."""
        return replace(super().new_plan(how, begun), may_archive=self._guard.may_archive)

    def _start_timeout(self) -> float:
        return as_seconds(self._run_task.start_timeout, "start_timeout")

    def _plan_after_asking(self, known: tuple[str, ...], not_before: float | None) -> WaitPlan:
        until = now_there(self.client) + self._start_timeout()
        return replace(self.new_plan(STARTED), known=known, not_before=not_before, start_deadline=until)

    def _plan_for_portal(self, refusal: str, cause: Exception | None = None) -> WaitPlan:
        """Wait for the portal's own next run, if that is allowed."""
        if self._run_task.on_run_refused != WAIT:
            raise HarvestSourceNotRunnable(
                f"{refusal} This key may not start harvests on this portal; set on_run_refused='wait' to wait for the "
                "portal's own next one."
            ) from cause
        memory = self.memory
        given = self._run_task.after
        if given is not None:
            moment = as_datetime(given, "after").timestamp()
            after = on_portal_clock(moment, self.client.clock.now(), self.client.portal_now())
        else:
            after = memory.intent.first_started
            if not memory.knows_start:
                self.log.warning(
                    "This is a retry, and when its first try started is not known here: only harvests that begin from "
                    "now on count. Set 'after' to count from another time."
                )
        memory.note(replace(memory.intent, how=WAITED))
        off_since = self._guard.off_since(self.source)
        after = max(after, now_there(self.client) if off_since is None else off_since)
        plan = replace(self.new_plan(WAITED), after=after, passed_over=memory.intent.passed_over)
        jobs = self.client.recent_jobs(self.source_id)
        plan = self.until_portal_runs(plan, max(scheduled_run.START_GRACE, self._start_timeout()), jobs)
        # Last, since it is clear only now that a harvest follows.
        began = self._guard.off_since(self.source) if self._guard.begin() else None
        return plan if began is None else replace(plan, after=max(after, began))

    # --- following a plan to its end -------------------------------------------------------------------------

    def follow(self, plan: WaitPlan, ended: Poll | None = None) -> HarvestResult:
        """Wait as planned (perhaps by deferring), as often as other jobs block the request, and judge.

        :param ended: how the wait for the plan ended, if it has.
        """
        self._guard.may_archive = self._guard.may_archive or plan.may_archive
        self._guard.is_held = self._guard.is_held or plan.is_held
        while True:
            if ended is None:
                plan, ended = self.wait(replace(plan, is_held=self._guard.is_held))
            if plan.how != BLOCKED:
                break
            if ended.state not in goals(plan):
                raise self.why_given_up(plan, ended)
            self.log.info("Job %s no longer blocks this task.", plan.job_id)
            self.client.clock.sleep(self._run_task.draw(0.0, CROWD_SECONDS))
            self.source = self.patiently(plan, lambda: self.client.get_source(self.source_id))
            plan, ended = self._ask().knowing(self.source.last_job), None
        if ended.state != ENDED:
            raise self.why_given_up(plan, ended)
        self._run_task.harvest_has_ended = True
        result = self.conclude(plan, ended)
        if self._guard.thresholds is not None:
            comparison = self._compare(plan, self._guard.thresholds, result)
            was_compared = self._was_compared or self._guard.may_archive
            result = guarded_run.noted(result, comparison, was_compared=was_compared)
            if result["guard"] is not None and not result["guard"]["compared"]:
                self.log.warning("The harvest was not compared with the portal: %s.", comparison.not_compared)
            self._guard.is_held = bool(comparison.reasons)
            if comparison.reasons:
                result = guarded_run.rejected(result, comparison)
            elif comparison.is_due and plan.how == STARTED and is_success(result) and self._guard.is_on:
                return self.follow(self._ask_again(plan))
        delivered = self.deliver(result)
        self.memory.end()
        return delivered

    def _compare(self, plan: WaitPlan, thresholds: LossThresholds, result: HarvestResult) -> guarded_run.LossCheck:
        def remember() -> None:
            """Once archiving is on again, a retry knows nothing else of this harvest below Airflow 3.3."""
            if not self.memory.is_durable and is_success(result):
                note_compared_job(self.context, self.source_id, str(result["job_id"]))

        done = result["items"]["done"]
        try:
            return self.patiently(
                plan,
                lambda: guarded_run.check_loss(
                    self.client, self.source_id, thresholds, done=done, before_release=remember
                ),
            )
        except HarvestError:
            self._guard.warn_if_off("The harvest could not be compared with the portal.")
            raise

    def deliver(self, result: HarvestResult) -> HarvestResult:
        """Deliver a result; after a failure that may pass, a retry requests a new harvest."""
        try:
            return super().deliver(result)
        except HarvestOutcomeRejected as error:
            if not self._task.is_not_retried(error):
                self.memory.note(self.memory.intent.spent())
            raise

    def _ask_again(self, plan: WaitPlan) -> WaitPlan:
        """Harvest once more, now that the loss is known to be usual, so that the portal archives what is due."""
        self.log.info("The loss is usual or accepted: a second harvest lets the portal archive what is due.")
        self.memory.note(replace(self.memory.intent.spent(), may_archive=True))
        self._guard.may_archive = True
        self._run_task.harvest_has_ended = False
        self.source = self.patiently(plan, lambda: self.client.get_source(self.source_id))
        return self._ask().knowing(self.source.last_job)

    def why_given_up(self, plan: WaitPlan, ended: Poll) -> HarvestError:
        """Return the exception for a wait without an ended job; a job that is dead or gone is not waited for again."""
        if ended.state in (STALLED, GONE):
            self.memory.note(self.memory.intent.spent())
        if ended.state == GONE and plan.job_id is None and self._guard.is_on:
            self._guard.give_up()
        elif self._guard.is_on and plan.how != BLOCKED:
            self._guard.warn_if_off("A harvest that must be compared may still follow.")
        return self.why_ended(plan, ended)

    def job_changed(self, plan: WaitPlan) -> None:
        """Store and show the job as soon as it is known; forget one that was passed over as dead."""
        if plan.how == BLOCKED:
            return
        if plan.job_id is not None:
            self.memory.note(replace(self.memory.intent, job_id=plan.job_id, how=plan.how))
            self._claims.give_up()
        elif plan.passed_over:
            self.memory.note(replace(self.memory.intent, job_id=None, passed_over=plan.passed_over))
        super().job_changed(plan)

    def warn_of_stop(self) -> None:
        """Log what Airflow, which stops the task, leaves undone on the portal."""
        self._guard.warn_of_stop()

    def after_check(self) -> None:
        """Repeat what could not be stored."""
        self.memory.repeat()
