"""The wait of one try of the sensor: which job it is for, and how it ends. Loaded when a task runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_harvest._compat import AirflowSensorTimeout, AirflowSkipException
from airflow_provider_harvest.exceptions import HarvestNotFound, HarvestSourceNotRunnable
from airflow_provider_harvest.operators._base import resolve_source
from airflow_provider_harvest.operators._memory_between_tries import (
    PortalMemory,
    TaskMemory,
    first_reschedule_of,
    forget_soon,
)
from airflow_provider_harvest.operators._task_wait import TaskWait
from airflow_provider_harvest.portal.clock import on_portal_clock
from airflow_provider_harvest.portal.inputs import as_datetime, as_seconds, as_written, check_id, is_object_id
from airflow_provider_harvest.portal.statuses import ENDED, TIMED_OUT, WAITED
from airflow_provider_harvest.portal.text.words import log_lines
from airflow_provider_harvest.portal.waiting.job_wait import JobWait
from airflow_provider_harvest.portal.waiting.patient_reads import read_patiently
from airflow_provider_harvest.portal.waiting.which_job import why_not_runnable

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.portal.waiting.wait_plan import Poll, WaitPlan
    from airflow_provider_harvest.sensors.job import HarvestJobSensor


@dataclass(frozen=True)
class _Read:
    """What a sensor has read as it begins, so that nothing is read twice.

    :param source_id: the source that is waited for.
    :param source: that source; None if a poke can do without it.
    :param jobs: its newest jobs; None if the job itself was given.
    :param job: the job, if it was given and read.
    """

    source_id: str
    source: HarvestSource | None
    jobs: list[HarvestJob] | None = None
    job: HarvestJob | None = None


class SensorWait(TaskWait):
    """The wait of one try of the sensor.

    :param sensor: its arguments say which job is waited for.
    :param context: Airflow's task context.
    :param client: of the portal.
    :param source_id: the source.
    :param source: the source, if it was read already; default: it is read when it is first needed.
    """

    def __init__(
        self,
        sensor: HarvestJobSensor,
        context: Context,
        client: HarvestClient,
        source_id: str,
        source: HarvestSource | None = None,
    ) -> None:
        super().__init__(sensor, context, client, source_id, source)
        self._sensor = sensor

    def plan(self, began: float, since: float) -> WaitPlan:
        """Return which job is waited for.

        :param began: when the sensor began, by the portal's clock.
        :param since: the same of its first try.
        """
        sensor, plan = self._sensor, self.new_plan(WAITED, began)
        if sensor.job_id is not None:
            return replace(plan, job_id=check_id(sensor.job_id, "job_id", slug=False))
        if sensor.known_job_ids is not None:
            limit = self._start_limit()
            until = None if limit is None else began + limit
            known = tuple(as_written(str(job_id)) for job_id in sensor.known_job_ids)
            return replace(plan, known=known, start_deadline=until)
        if sensor.after is not None:
            given = as_datetime(sensor.after, "after").timestamp()
            return replace(plan, after=on_portal_clock(given, self.client.clock.now(), self.client.portal_now()))
        return replace(plan, ended_after=since)

    def until_there_may_be_one(self, plan: WaitPlan, jobs: list[HarvestJob]) -> WaitPlan:
        """Return a plan with the time at which a job of the source may begin; the source is read if it was not yet.

        :raises HarvestSourceNotRunnable: if none may; a source that is still to be accepted may get one.
        """
        problem = None if self.source.is_awaited else why_not_runnable(self.source)
        if problem:
            raise HarvestSourceNotRunnable(problem)
        if plan.known is not None:
            return plan
        return self.until_portal_runs(plan, self._start_limit(), jobs)

    def _start_limit(self) -> float | None:
        limit = self._sensor.start_timeout
        return None if limit is None else as_seconds(limit, "start_timeout")

    def end(self, plan: WaitPlan, ended: Poll) -> HarvestResult:
        """Judge the job that has ended, or raise why there is none."""
        if ended.state != ENDED:
            raise self.why_given_up(plan, ended)
        delivered = self.deliver(self.conclude(plan, ended))
        forget_soon(self.context, plan.begun)
        return delivered

    def why_given_up(self, plan: WaitPlan, ended: Poll) -> Exception:
        """Return the exception for a wait without an ended job."""
        if ended.state != TIMED_OUT or self._sensor.is_cut_short():  # Airflow retries after an execution_timeout
            return self.why_ended(plan, ended)
        over = f"{ended.detail} The sensor's timeout is over; the harvest itself, if there is one, continues."
        message = "\n".join(log_lines(over))
        # Decided here: Airflow 3.0 and 3.1 let a timeout fail a deferred sensor in spite of soft_fail.
        return AirflowSkipException(message) if self._sensor.soft_fail else AirflowSensorTimeout(message)


def begin_again(sensor: HarvestJobSensor, context: Context) -> tuple[SensorWait, JobWait]:
    """Begin; a rescheduled sensor has begun before, so that a portal that is down is handled as in any wait."""
    if not sensor.reschedule or first_reschedule_of(context) is None:
        return begin(sensor, context)
    return read_patiently(
        lambda: begin(sensor, context),
        sensor.hook.get_conn(),
        interval=sensor.poll_interval,
        max_failures=sensor.max_poll_failures,
        until=None,  # Airflow checks the sensor's timeout between two pokes
        say=lambda line: sensor.log.warning("%s", "\n".join(log_lines(line))),
    )


def begin(sensor: HarvestJobSensor, context: Context) -> tuple[SensorWait, JobWait]:
    """Check the arguments, and return the wait for the job that they name."""
    sensor.refuse_bad_input()
    client = sensor.hook.get_conn()
    # Rescheduled, the sensor began with its first poke, maybe in another process.
    first = first_reschedule_of(context) if sensor.reschedule else None
    began = client.clock.now() if first is None else first
    # A retry takes what ended since the first try began, too: a harvest may end between two tries.
    memory = None if first is not None else TaskMemory(context, began)
    portal = PortalMemory(context, client) if sensor.reschedule else None
    read = _read(sensor, client, is_first=first is None)
    client.settle_clock()
    here, there = client.clock.now(), client.portal_now()
    began = on_portal_clock(began, here, there)
    if memory is not None:
        memory.about(read.source_id, here, there)
    since = began if memory is None else memory.intent.first_started
    task_wait = SensorWait(sensor, context, client, read.source_id, read.source)
    plan = task_wait.plan(began, since)
    wait = JobWait(plan, client, read.jobs, read.job)
    if read.jobs is not None and wait.find(read.jobs) is None:
        wait = JobWait(task_wait.until_there_may_be_one(plan, read.jobs), client, read.jobs)
    sensor.push_links(context, source_url=client.source_url(read.source_id), job_url="")
    if portal is not None:
        portal.keep()
    return task_wait, wait


def _read(sensor: HarvestJobSensor, client: HarvestClient, *, is_first: bool) -> _Read:
    """Read what the wait begins with. A later poke knows the source by its id and reads no more than it needs."""
    job_id = None if sensor.job_id is None else check_id(sensor.job_id, "job_id", slug=False)
    if job_id is not None and sensor.source_id is None:
        job = client.get_job(job_id, keyed=False)
        source_id = job.source_id or _find_source(client, job)
        return _Read(source_id, client.get_source(source_id, keyed=False) if is_first else None, job=job)
    ident = check_id(sensor.source_id, "source_id")
    known = None if is_object_id(ident) and not is_first else resolve_source(client, ident)
    source_id = ident if known is None else known.id
    if job_id is not None:
        return _Read(source_id, known, job=client.peek_job(job_id) if known is None else None)
    return _Read(source_id, known, client.recent_jobs(source_id))


def _find_source(client: HarvestClient, job: HarvestJob) -> str:
    """Return the id of a job's source if the job has only its name, as up to 16.x."""
    fields = "name,url,backend,last_job{id,status}"
    listed = list(client.iter_sources(fields=fields))
    found = [source for source in listed if source.last_job and source.last_job.id == job.id]
    found = found or [source for source in listed if source.name == job.source_name]
    if len(found) != 1:
        raise HarvestNotFound(
            f"The source of job {job.id} is unknown on this portal (udata up to 16.x returns "
            f"its name only, {job.source_name!r}): give source_id, too."
        )
    return found[0].id
