"""Harvests a source once and waits for that harvest, without Airflow: the promise of the run operator in one process.

*A harvest that began after the request has ended, and none was knowingly requested twice.* There is no retry here, so
nothing has to be remembered: after a lost response the job is searched for, and nothing is requested again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import (
    HarvestAuthError,
    HarvestInvalidInput,
    HarvestRequestRejected,
    HarvestSourceNotRunnable,
)
from airflow_provider_harvest.portal.sources.confirm_writes import UNCLEAR
from airflow_provider_harvest.portal.statuses import BLOCKED, FAIL, IF_RUNNING, ON_RUN_REFUSED, STARTED, WAIT, WAITED
from airflow_provider_harvest.portal.waiting import next_run, scheduled_run
from airflow_provider_harvest.portal.waiting.dead_jobs import alive_jobs
from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.known_jobs import KnownJobs
from airflow_provider_harvest.portal.waiting.request_decision import is_refused, join_or_let_end
from airflow_provider_harvest.portal.waiting.wait_plan import CROWD_SECONDS, Poll, WaitPlan, goals
from airflow_provider_harvest.portal.waiting.which_job import JobLimits, foreseen_refusal, now_there, why_not_runnable

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.statuses import How


@dataclass
class OneRun:
    """One harvest of one source.

    :param client: of the portal, with a key that may start harvests.
    :param source: as just read with that key.
    :param if_running: a job is running: ``wait`` (default) lets it end and then requests one, since it may have read
        the old catalogue; ``attach`` waits for that job instead; ``fail`` fails.
    :param on_run_refused: if the portal does not let this key start a harvest, or there is no key: ``fail`` (default),
        or ``wait`` for the portal's own next run, if that begins after this object was made.
    :param start_timeout: seconds that a job may take to appear, 2 h by default.
    :param timeout: seconds that all of it may take, 24 h by default.
    :param poll_interval: seconds between two polls, 5 by default.
    :param limits: how long the job may take.
    :param tell: takes each line that says how far it is.
    :param draw: draws a number of seconds between two; after a job that blocked the request it spreads the requests of
        all that waited for it.
    """

    client: HarvestClient
    source: HarvestSource
    if_running: str = WAIT
    on_run_refused: str = FAIL
    start_timeout: float = 2 * 3600.0
    timeout: float = 24 * 3600.0
    poll_interval: float = 5.0
    limits: JobLimits = field(default_factory=JobLimits)
    tell: Callable[[str], object] = lambda line: None
    draw: Callable[[float, float], float] = random.uniform

    def __post_init__(self) -> None:
        if self.if_running not in IF_RUNNING:
            raise HarvestInvalidInput(f"if_running must be one of {', '.join(IF_RUNNING)}, not {self.if_running!r}.")
        if self.on_run_refused not in ON_RUN_REFUSED:
            raise HarvestInvalidInput(f"on_run_refused must be fail or wait, not {self.on_run_refused!r}.")
        #: What is waited for now; None before the first request.
        self.plan: WaitPlan | None = None
        self._begun = now_there(self.client)
        self._deadline = self._begun + self.timeout

    @property
    def job_id(self) -> str | None:
        """The job of this request, once it is known."""
        return self.plan.job_id if self.plan and self.plan.how != BLOCKED else None

    def ask(self) -> WaitPlan:
        """Request the harvest, or return which job must be waited for first.

        :raises HarvestSourceNotRunnable: if a request would have no effect, or is refused and ``on_run_refused`` is
            ``fail``.
        :raises HarvestSourceBusy: if a job is running and ``if_running`` is ``fail``.
        """
        if problem := why_not_runnable(self.source, self.client.list_backends()):
            raise HarvestSourceNotRunnable(problem)
        jobs = self.client.recent_jobs(self.source.id, last_job=self.source.last_job)
        if refusal := foreseen_refusal(self.client, self.source):
            self.plan = self._plan_for_portal(refusal, jobs)
            return self.plan
        running = alive_jobs(self.client, self.source.id, jobs, self.limits, self.tell)
        if running:
            how, job_id = join_or_let_end(self.client, self.source, running, self.if_running, self.tell)
            self.plan = self._plan(how, job_id=job_id)
        else:
            self.plan = self._post(jobs)
        return self.plan

    def follow(self) -> Poll:
        """Request a harvest, wait until it has ended or is given up, and return how the wait ended.

        :raises HarvestError: for an error that will not pass by waiting.
        """
        while True:
            plan = self.ask()
            poll = self._wait(plan)
            if plan.how != BLOCKED or poll.state not in goals(plan):
                return poll
            self.tell(f"Job {plan.job_id} no longer blocks the request.")
            self.client.clock.sleep(self.draw(0.0, CROWD_SECONDS))
            self.source = self.client.get_source(self.source.id)

    def _post(self, jobs: list[HarvestJob]) -> WaitPlan:
        """Send the request once; if it is not certain that the portal got it, it counts as sent."""
        asked_at, begun = now_there(self.client), self.client.clock.monotonic()
        known = KnownJobs.listed(jobs, asked_at)
        self.plan = self._plan_after_asking(known, asked_at)  # also for a person who interrupts the request
        try:
            answer = self.client.run_source(self.source.id)
        except (HarvestAuthError, HarvestRequestRejected) as error:
            if self.on_run_refused == FAIL or not is_refused(error):
                raise
            return self._plan_for_portal(str(error), jobs)
        except UNCLEAR as error:
            self.tell(f"{error} Waiting for the job instead of requesting again.")
        else:
            self.tell(f"Asked the portal to harvest {self.source.name!r} ({self.source.id}).")
            known = known.after_request(answer.last_job, self.client.clock.monotonic() - begun)
        return self._plan_after_asking(known, asked_at)

    def _plan_after_asking(self, known: KnownJobs, asked_at: float) -> WaitPlan:
        until = asked_at + self.start_timeout
        plan = self._plan(STARTED, known=known.ids, not_before=known.not_before, start_deadline=until)
        return plan.knowing(self.source.last_job)

    def _plan_for_portal(self, refusal: str, jobs: list[HarvestJob]) -> WaitPlan:
        """Wait for the portal's own next run, if that is allowed."""
        if self.on_run_refused == FAIL:
            raise HarvestSourceNotRunnable(
                f"{refusal} Wait for the portal's own next run instead (on_run_refused='wait')."
            )
        self.tell(refusal)
        grace = max(scheduled_run.START_GRACE, self.start_timeout)
        plan, expectation = scheduled_run.until_portal_runs(
            self._plan(WAITED, after=self._begun), self.client, self.source, jobs, grace, self.tell
        )
        if expectation is not None:
            self.tell(next_run.describe(expectation, now_there(self.client), scheduled_run.gives_up_at(plan), False))
        return plan.knowing(self.source.last_job)

    def _wait(self, plan: WaitPlan) -> Poll:
        wait = JobWait(plan, self.client)
        while True:
            poll = wait.poll()
            self.plan = wait.plan
            for line in poll.lines:
                self.tell(line)
            if poll.is_final:
                return poll
            self.client.clock.sleep(poll.pause)

    def _plan(self, how: How, **which: object) -> WaitPlan:
        return WaitPlan(
            self.source.id,
            how,
            begun=now_there(self.client),
            deadline=self._deadline,
            poll_interval=self.poll_interval,
            limits=self.limits,
            **which,  # type: ignore[arg-type]
        )
