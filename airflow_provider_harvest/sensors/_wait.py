"""The wait of one try of the sensor: which job it is for, and how it ends. Loaded when a task runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_harvest._compat import AirflowSensorTimeout, AirflowSkipException
from airflow_provider_harvest.exceptions import HarvestNotFound, HarvestPortalUnreachable, HarvestSourceNotRunnable
from airflow_provider_harvest.operators._base import resolve_source
from airflow_provider_harvest.operators._memory import TaskMemory, first_reschedule_of
from airflow_provider_harvest.operators._wait import TaskWait
from airflow_provider_harvest.portal.inputs import as_datetime, as_seconds
from airflow_provider_harvest.portal.outcome.result import WAITED
from airflow_provider_harvest.portal.waiting import backoff
from airflow_provider_harvest.portal.waiting.job_wait import PASSING, JobWait
from airflow_provider_harvest.portal.waiting.plan import ENDED, TIMED_OUT, Poll, WaitPlan
from airflow_provider_harvest.portal.waiting.which_job import on_portal_clock, why_not_runnable

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestSource
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.sensors.job import HarvestJobSensor


class SensorWait(TaskWait):
    """The wait of one try of the sensor.

    :param sensor: its arguments say which job is waited for.
    :param context: Airflow's task context.
    :param client: of the portal.
    :param source_id: the source.
    :param source: the source, where it was read; default: it is read when it is first needed.
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

    def end(self, plan: WaitPlan, ended: Poll) -> HarvestResult:
        """Judge the job that has ended, or raise why there is none."""
        if ended.state != ENDED:
            raise self.why_given_up(plan, ended)
        return self.deliver(self.conclude(plan))

    def why_given_up(self, plan: WaitPlan, ended: Poll) -> Exception:
        """Return the exception for a wait without an ended job."""
        if ended.state != TIMED_OUT:
            return self.why_ended(plan, ended)
        message = f"{ended.detail} The sensor's timeout is over; the harvest itself, if there is one, goes on."
        # Told here: Airflow 3.0 and 3.1 let a timeout fail a deferred sensor in spite of soft_fail.
        return AirflowSkipException(message) if self._sensor.soft_fail else AirflowSensorTimeout(message)

    def refuse_if_hopeless(self, plan: WaitPlan) -> None:
        """Refuse to wait for a new job of a source that gets none; one that is still to be accepted may."""
        problem = None if self.source.is_awaited else why_not_runnable(self.source)
        if problem and JobWait(plan, self.client).find(self.client.recent_jobs(self.source_id)) is None:
            raise HarvestSourceNotRunnable(problem)


def begin(sensor: HarvestJobSensor, context: Context) -> tuple[SensorWait, WaitPlan]:
    """Return a wait that begins, and its plan.

    A rescheduled sensor has begun before, so that a portal that is down is borne as in any wait.
    """
    if not sensor.reschedule or first_reschedule_of(context) is None:
        return _begin(sensor, context)
    for failures in range(1, sensor.max_poll_failures + 1):
        try:
            return _begin(sensor, context)
        except PASSING as error:
            sensor.log.warning("%s Looking again (%d of %d failures).", error, failures, sensor.max_poll_failures)
            sensor.hook.get_conn().clock.sleep(max(sensor.poll_interval, backoff.asked_pause(error)))
    try:
        return _begin(sensor, context)
    except PASSING as error:
        raise HarvestPortalUnreachable(
            f"The portal could not be read {sensor.max_poll_failures + 1} times in a row; the last time: {error}"
        ) from error


def _begin(sensor: HarvestJobSensor, context: Context) -> tuple[SensorWait, WaitPlan]:
    """Check what was given, and say which job is waited for."""
    sensor.refuse_bad_input()
    client = sensor.hook.get_conn()
    # Rescheduled, the sensor began with its first look, maybe in another process.
    first = first_reschedule_of(context) if sensor.reschedule else None
    began = client.clock.now() if first is None else first
    # A retry takes what ended since the first try began, too: a harvest may end between two tries.
    memory = None if first is not None else TaskMemory(context, began)
    source = _source_of_job(client, sensor) if sensor.source_id is None else resolve_source(client, sensor.source_id)
    here, there = client.clock.now(), client.portal_now()
    began = on_portal_clock(began, here, there)
    if memory is not None:
        memory.about(source.id, here, there)
    since = began if memory is None else memory.intent.first_started
    sensor.push_links(context, source_url=client.source_url(source.id), job_url="")
    start_timeout = None if sensor.start_timeout is None else as_seconds(sensor.start_timeout, "start_timeout")
    wait = SensorWait(sensor, context, client, source.id, source)
    plan = wait.new_plan(WAITED, began)
    if sensor.job_id is not None:
        return wait, replace(plan, job_id=str(sensor.job_id).strip())
    if sensor.known_job_ids is not None:
        until = None if start_timeout is None else began + start_timeout
        plan = replace(plan, known=tuple(str(job_id) for job_id in sensor.known_job_ids), start_deadline=until)
        wait.refuse_if_hopeless(plan)
        return wait, plan
    if sensor.after is not None:
        plan = replace(plan, after=on_portal_clock(as_datetime(sensor.after, "after").timestamp(), here, there))
    else:
        plan = replace(plan, ended_after=since)
    wait.refuse_if_hopeless(plan)
    return wait, wait.until_portal_runs(plan, start_timeout)


def _source_of_job(client: HarvestClient, sensor: HarvestJobSensor) -> HarvestSource:
    """Find the source of a job: from 17.0 on the job names its id, before only its name."""
    job = client.get_job(str(sensor.job_id).strip(), keyed=False)
    if job.source_id:
        return client.get_source(job.source_id, keyed=False)
    fields = "name,url,backend,last_job{id,status}"
    listed = list(client.iter_sources(fields=fields))
    found = [source for source in listed if source.last_job and source.last_job.id == job.id]
    found = found or [source for source in listed if source.name == job.source_name]
    if len(found) != 1:
        raise HarvestNotFound(
            f"Which source job {sensor.job_id} belongs to cannot be told on this portal (udata up to 16.x answers "
            f"its name only, {job.source_name!r}): give source_id, too."
        )
    return client.get_source(found[0].id, keyed=False)
