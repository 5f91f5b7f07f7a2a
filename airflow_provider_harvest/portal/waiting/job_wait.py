"""Wait for one harvest job, poll by poll: the same code on the worker and in the triggerer.

A :class:`JobWait` polls (:meth:`JobWait.poll`) and returns when to poll again. The caller sleeps, logs its lines, and
judges nothing: that is done on the worker.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestServerError,
)
from airflow_provider_harvest.portal.client import RECENT_JOBS, HarvestClient
from airflow_provider_harvest.portal.http.temporary_errors import Doubts, came_from_elsewhere, is_passing
from airflow_provider_harvest.portal.outcome.read_ended_job import why_foreign
from airflow_provider_harvest.portal.outcome.summary import progress_line
from airflow_provider_harvest.portal.statuses import (
    DONE,
    DONE_ERRORS,
    ENDED,
    GONE,
    NOT_STARTED,
    OVERRAN,
    STALLED,
    TIMED_OUT,
    UNREACHABLE,
    WAITING,
)
from airflow_provider_harvest.portal.text.words import clock_time, count, spell
from airflow_provider_harvest.portal.waiting.backoff import pause_after, pause_of_all
from airflow_provider_harvest.portal.waiting.dead_jobs import last_movement, why_stuck
from airflow_provider_harvest.portal.waiting.next_run import OVERDUE, next_tick
from airflow_provider_harvest.portal.waiting.wait_plan import Poll, WaitPlan
from airflow_provider_harvest.portal.waiting.which_job import (
    begun_since,
    newer_than,
    now_there,
    why_not_runnable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest.portal.models import HarvestJob, ItemCounts

#: Seconds between polls while the portal's own run is far off, and how long before it that ends. Somebody may start a
#: harvest by hand at any time: it is noticed after these seconds, at 6 small requests an hour.
FAR_OFF_INTERVAL = 600.0
LEAD = 300.0
#: Seconds between polls of a job that is late, or running for long, at most.
RARE_INTERVAL = 1800.0
#: Polls of a job that is late, or running for long, are this share of that time apart: 3 min after an hour.
PATIENCE = 0.05
#: Seconds between two reads of the source while no job has appeared: it may be deleted or switched off meanwhile.
SOURCE_CHECK = 600.0
FAR_OFF_SOURCE_CHECK = 3600.0
#: Seconds between two lines about how far a job is: at first, and at most; twice as long each time.
FIRST_REPORT_PAUSE, MAX_REPORT_PAUSE = 60.0, 1800.0
#: Pages of jobs that are read to find the oldest new one.
_MAX_PAGES = 20


class JobWait:
    """Finds a job and then polls it.

    :param plan: what is waited for.
    :param client: of the portal; its clock is used. Keys are not needed and not sent.
    :param jobs: the newest jobs of the source, if they were just read: the first poll does not read them again.
    :param job: the same of the job that is waited for.
    """

    def __init__(
        self,
        plan: WaitPlan,
        client: HarvestClient,
        jobs: list[HarvestJob] | None = None,
        job: HarvestJob | None = None,
    ) -> None:
        self.plan = plan
        self.client = client
        self._clock = client.clock
        self._read_jobs, self._read_job = jobs, job
        self._failures = 0
        self._quiet_until = 0.0  # by the stopwatch: the portal wants no request before
        self._doubts = Doubts()
        self._counts: tuple[str | None, ItemCounts | None] | None = None
        self._reported: tuple[str | None, ItemCounts | None] | None = None
        self._report_due = self._report_pause = self._reported_at = 0.0
        self._usual: float | None = None
        self._moved_at = 0.0
        self._source_checked = self._clock.monotonic()
        self._lines: list[str] = []

    def poll(self) -> Poll:
        """Poll once; nothing is requested while the portal wants no request, even if a time limit ends the pause early.

        :raises HarvestError: for an error that will not pass by waiting (no right to read, redirected, refused), once
            it is seen often enough to count.
        """
        quiet = self._quiet_until - self._clock.monotonic()
        if quiet > 0.0:
            return self._told(Poll(WAITING, quiet, has_looked=False, back_off=quiet))
        try:
            poll = self._look()
        except HarvestError as error:
            poll = self._odd(error)
        else:
            self._answered()
        return self._told(poll)

    def fail(self, error: HarvestError) -> Poll:
        """Count a failed poll that was made for this wait and others together.

        :param error: the error of reading the portal's whole list.
        """
        self._doubts.answered()
        return self._told(self._failed(error, is_own=False))

    def pass_time(self) -> Poll:
        """Return the state without a request, while the portal wants none: the time limit may be reached."""
        return self._told(Poll(WAITING, self.plan.poll_interval, has_looked=False))

    def _answered(self) -> None:
        if self._failures:
            polls = count(self._failures, "failed poll")
            self._lines.insert(0, f"The portal responds again, after {polls}.")
        self._failures = 0
        self._doubts.answered()

    def _told(self, poll: Poll) -> Poll:
        poll = self._within_deadlines(poll)
        lines, self._lines = tuple(self._lines), []
        return replace(poll, lines=lines) if lines else poll

    # --- polling ---------------------------------------------------------------------------------------------

    def _look(self) -> Poll:
        """Find the job if it is not yet known, and read it; a dead one is replaced by the next."""
        while True:
            job_id = self.plan.job_id
            if job_id is None:
                jobs = self._jobs()
                job = self.find(jobs)
                if job is None:
                    gone = self._check_source()
                    return Poll(GONE, detail=gone) if gone else Poll(WAITING, self._pause_before_start(jobs))
                job_id = str(job.id)
                lengths = [other.duration for other in jobs if other.status in (DONE, DONE_ERRORS) and other.duration]
                self._usual = median(lengths) if lengths else None
                self.plan = replace(self.plan, job_id=job_id)
                self._lines.append(f"Found job {job_id}: {self.client.job_url(self.plan.source_id, job_id)}")
            poll = self._look_at_job(job_id)
            if poll is not None:
                return poll

    def find(self, jobs: list[HarvestJob]) -> HarvestJob | None:
        """Return the job that is waited for, None while it is not among these.

        :param jobs: of the source, newest first.
        """
        plan = self.plan
        if plan.ended_after is not None:
            ended = [job for job in jobs if job.ended and job.ended.timestamp() >= plan.ended_after]
            return min(ended, key=lambda job: job.ended.timestamp() if job.ended else 0.0, default=None)
        if plan.after is not None:
            candidates = begun_since(jobs, plan.after)
        else:
            candidates = newer_than(jobs, plan.known or (), plan.not_before)
        return next((job for job in candidates if job.id not in plan.passed_over), None)

    def now(self) -> float:
        """Return the time by the portal's clock, in which all times of a plan are."""
        return now_there(self.client)

    def _jobs(self) -> list[HarvestJob]:
        """Return the newest jobs, as many as it takes to have all that may be the one."""
        jobs: list[HarvestJob] = []
        for page in range(1, _MAX_PAGES + 1):
            found, self._read_jobs = self._read_jobs, None
            if found is None:
                found = self.client.recent_jobs(self.plan.source_id, page)
            jobs.extend(found)
            if len(found) < RECENT_JOBS or self._reaches_back(found):
                break
        return jobs

    def _reaches_back(self, jobs: list[HarvestJob]) -> bool:
        """Whether a page of jobs goes back to one that is too old to be the one."""
        plan = self.plan
        if plan.ended_after is not None:
            return any(job.ended is not None and job.ended.timestamp() < plan.ended_after for job in jobs)
        if plan.after is not None:
            return len(begun_since(jobs, plan.after)) < len(jobs)
        oldest = plan.not_before or 0.0
        return any(job.id in (plan.known or ()) or (job.began_at or oldest) < oldest for job in jobs)

    def _look_at_job(self, job_id: str) -> Poll | None:
        """Read the job that was found; None if it is dead, and another one may replace it."""
        job, self._read_job = self._read_job, None
        if job is None or job.id != job_id:
            job = self.client.peek_job(job_id)
        foreign = why_foreign(job, self.plan.source_id)
        if foreign:
            raise HarvestInvalidInput(foreign)
        self._note_progress(job)
        if job.has_ended:
            return Poll(ENDED, job=job)
        stuck = self._why_stuck(job)
        if stuck and self.plan.after is not None:
            # The portal's own dead job: it is not the one that is waited for.
            self.plan = self._until_next_run(
                replace(self.plan, job_id=None, passed_over=(*self.plan.passed_over, job_id))
            )
            self._counts = None
            self._lines.append(f"Passed over as dead: {stuck}.")
            return None
        if stuck:
            return Poll(STALLED, detail=f"{stuck[0].upper()}{stuck[1:]}.", job=job)
        begun = job.started or job.created
        length = self.client.portal_now() - begun.timestamp() if begun else 0.0
        if begun and length > self.plan.limits.run_timeout:
            since, allowed = clock_time(begun.timestamp()), spell(self.plan.limits.run_timeout)
            return Poll(OVERRAN, detail=f"Job {job_id} began on {since} and has not ended within {allowed}.", job=job)
        return Poll(WAITING, self.plan.poll_interval, job=job)

    def _until_next_run(self, plan: WaitPlan) -> WaitPlan:
        """Return the plan for the portal's next run: the time in which the last one must begin is over by now."""
        now = self.now()
        due = next_tick(plan.cron, plan.offset, now) if plan.cron else None
        if due is None and plan.grace is None:
            return plan
        begins_by = None if plan.grace is None else (due or now) + plan.grace
        return replace(plan, due=due, due_again=None, start_deadline=begins_by)

    def _note_progress(self, job: HarvestJob) -> None:
        """Remember when something moved, and report it."""
        now = (job.status, job.counts)
        if now == self._counts:
            return
        first = self._counts is None
        self._report(job)
        moved = last_movement(job)
        self._moved_at = (moved.timestamp() if moved else 0.0) if first else self.client.portal_now()
        self._counts = now

    def _report(self, job: HarvestJob) -> None:
        """Report how far the job is: at a change of status, at the first failed item, else ever more rarely."""
        before, now = self._reported, self._clock.monotonic()
        counts = job.counts
        is_first_failure = bool(counts and counts.failed and not (before and before[1] and before[1].failed))
        if before and before[0] == job.status and not is_first_failure and now < self._report_due:
            return
        since = now - self._reported_at
        self._lines.append(progress_line(job, before[1] if before else None, since, self._left(job)))
        self._reported_at = now
        self._report_pause = min(MAX_REPORT_PAUSE, max(FIRST_REPORT_PAUSE, 2 * self._report_pause)) if before else 0.0
        self._report_due = now + max(FIRST_REPORT_PAUSE, self._report_pause)
        self._reported = (job.status, counts)

    def _left(self, job: HarvestJob) -> float | None:
        """Return how many seconds the job will still take, if it is as long as those before it; None if unknown."""
        begun = job.started or job.created
        if self._usual is None or begun is None:
            return None
        return self._usual - (self.client.portal_now() - begun.timestamp())

    def _why_stuck(self, job: HarvestJob) -> str | None:
        has_items = bool(job.counts and job.counts.total)
        portal_now = self.client.portal_now()
        stuck = why_stuck(job, self._moved_at, has_items, portal_now, self.plan.limits)
        if stuck is None or not has_items:
            return stuck
        # Its counters have not been watched for long enough; the time of its newest item shows it immediately.
        newest = last_movement(job, self.client.newest_item(job))
        self._moved_at = max(self._moved_at, newest.timestamp() if newest else 0.0)
        return why_stuck(job, self._moved_at, has_items, portal_now, self.plan.limits)

    def _check_source(self) -> str | None:
        """Return why no job can appear any more, None if one can. The source is read only now and then."""
        now = self._clock.monotonic()
        every = FAR_OFF_SOURCE_CHECK if self.is_far_off() else SOURCE_CHECK
        if now - self._source_checked < every:
            return None
        self._source_checked = now
        try:
            source = self.client.get_source(self.plan.source_id, keyed=False)
        except HarvestNotFound:
            self._source_checked = float("-inf")  # checked again at the next poll: a single 404 does not count
            raise
        # A wait for a source that is still to be accepted continues: acceptance starts a harvest.
        return None if source.is_awaited else why_not_runnable(source)

    # --- time of the next poll -------------------------------------------------------------------------------

    def _due(self, now: float) -> float | None:
        plan = self.plan
        is_past = plan.due is not None and now - plan.due > OVERDUE
        return plan.due_again if is_past and plan.due_again is not None else plan.due

    def is_far_off(self) -> bool:
        """Whether the portal's own run is not to be expected for a while."""
        now = self.now()
        due = self._due(now)
        return due is not None and now < due - LEAD

    def _pause_before_start(self, jobs: Sequence[HarvestJob] = ()) -> float:
        """Return the pause while the job is not known: short if one is near, longer the longer it is overdue.

        :param jobs: as just read; for a wait for the next end, one of them may be about to end.
        """
        now, interval = self.now(), self.plan.poll_interval
        due = self._due(now)
        ages = [now - begun.timestamp() for job in jobs if (begun := job.started or job.created) and not job.has_ended]
        if ages and self.plan.ended_after is not None:
            return self._patiently(min(ages))
        if due is None:
            return interval
        if self.is_far_off():
            return max(interval, min(FAR_OFF_INTERVAL, due - LEAD - now))
        return self._patiently(now - due)

    def _patiently(self, waited: float) -> float:
        return max(self.plan.poll_interval, min(RARE_INTERVAL, PATIENCE * waited))

    def _within_deadlines(self, poll: Poll) -> Poll:
        """End the wait if its time is up; never before a poll, so that a job that ended meanwhile counts.

        No job is called missing while the portal cannot be read.
        """
        if poll.is_final:
            return poll
        plan, now = self.plan, self.now()
        starts_by = None if plan.job_id else plan.start_deadline
        if plan.deadline is not None and now >= plan.deadline:
            what = f"Job {plan.job_id} has not ended" if plan.job_id else self._no_job()
            blind = "" if poll.has_looked else " The last poll of the portal failed."
            return replace(poll, state=TIMED_OUT, detail=f"{what} within {spell(now - plan.begun)}.{blind}")
        if poll.has_looked and starts_by is not None and now >= starts_by:
            return replace(poll, state=NOT_STARTED, detail=f"{self._no_job()} within {spell(now - plan.begun)}.")
        left = [end - now for end in (plan.deadline, starts_by) if end is not None and end > now]
        pause = min([poll.pause, *left])
        return poll if pause == poll.pause else replace(poll, pause=pause)

    def _no_job(self) -> str:
        if not self.plan.passed_over:
            return "No job has appeared"
        return f"No job but the dead {', '.join(self.plan.passed_over)} has appeared"

    def _failed(self, error: HarvestError, *, is_own: bool = True) -> Poll:
        self._failures += 1
        job_id = self.plan.job_id
        hides = is_own and job_id and isinstance(error, HarvestServerError) and error.status_code == 500
        if hides and self.client.is_purged(self.plan.source_id, str(job_id)):
            return Poll(GONE, detail=f"Job {self.plan.job_id} is no longer on the portal: it was purged.")
        if self._failures > self.plan.max_poll_failures:
            times = "once" if self._failures == 1 else f"{self._failures} times in a row; the last time"
            return Poll(UNREACHABLE, detail=f"The portal could not be read {times}: {error}")
        if self._failures == 1:  # logged once, not at every poll
            allowed = self.plan.max_poll_failures
            self._lines.append(f"{error} Polling again; {allowed} failed polls in a row are allowed.")
        usual = self.plan.poll_interval if self.plan.job_id else self._pause_before_start()
        if self.plan.job_id is None and self.is_far_off():  # so that the allowed failures last through an outage
            usual = max(usual, min(RARE_INTERVAL, (self._due(self.now()) or 0.0) - LEAD - self.now()))
        failed = error, self._failures, self.plan.poll_interval
        back_off = pause_of_all(*failed)
        self._quiet_until = self._clock.monotonic() + back_off if is_own else self._quiet_until
        return Poll(WAITING, max(usual, pause_after(*failed)), has_looked=False, back_off=back_off)

    def _odd(self, error: HarvestError) -> Poll:
        """Count a response that may be a proxy's: it counts only when it is repeated."""
        if self._doubts.believes(error):
            if not isinstance(error, HarvestNotFound):
                raise error
            what = f"Job {self.plan.job_id}" if self.plan.job_id else f"Source {self.plan.source_id}"
            return Poll(GONE, detail=f"{what} is no longer on the portal: it was purged.")
        if is_passing(error) or came_from_elsewhere(error):  # a maintenance page may be there for some minutes
            return self._failed(error)
        self._lines.append(f"{error} Polling once more.")
        return Poll(WAITING, self.plan.poll_interval, has_looked=False)
