"""The sensor that waits for a harvest started by others: the portal itself, or another task."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import (
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
)
from airflow_provider_harvest._later import later
from airflow_provider_harvest.exceptions import (
    HarvestError,
    HarvestInvalidInput,
    HarvestNotFound,
    HarvestPortalUnreachable,
    HarvestSourceNotRunnable,
)
from airflow_provider_harvest.links.harvest import HarvestJobLink, HarvestSourceLink
from airflow_provider_harvest.operators._base import HarvestTaskMixin, resolve_source
from airflow_provider_harvest.operators._memory import PortalMemory, TaskMemory, first_reschedule_of, forget_soon
from airflow_provider_harvest.operators._own_arguments import OwnArguments
from airflow_provider_harvest.operators._waiting import HarvestWaitMixin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal import inputs as checks
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.models import HarvestJob, HarvestSource
    from airflow_provider_harvest.portal.outcome import conclude
    from airflow_provider_harvest.portal.outcome import result as results
    from airflow_provider_harvest.portal.waiting import backoff, passing
    from airflow_provider_harvest.portal.waiting import job_wait as waiting
    from airflow_provider_harvest.portal.waiting import plan as plans
    from airflow_provider_harvest.portal.waiting import which_job as runs
    from airflow_provider_harvest.portal.waiting.job_wait import JobWait
    from airflow_provider_harvest.portal.waiting.plan import Poll, WaitPlan
else:
    backoff, checks, conclude, passing, plans, results, runs, waiting = later(
        "waiting.backoff",
        "inputs",
        "outcome.conclude",
        "waiting.passing",
        "waiting.plan",
        "outcome.result",
        "waiting.which_job",
        "waiting.job_wait",
    )


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


class HarvestJobSensor(HarvestWaitMixin, HarvestTaskMixin, BaseSensorOperator, metaclass=OwnArguments):
    """Wait for a harvest job to end, and succeed only if it ended as required. Needs no API key.

    Which job: this one (``job_id``), the first one after those known before (``known_job_ids``), the first one that
    began at or after a time (``after``), or, without any of them, the next job of the source to end.

    ``soft_fail`` skips when ``timeout`` is over, and on nothing else: a wrong key, a missing source and a failed
    harvest fail in every mode. A failed harvest is not retried, except under ``soft_fail``: the exception that makes
    Airflow so would skip the task there.

    :param source_id: id of the source (a slug is resolved once); may be left out with ``job_id`` on udata 17.0 or
        newer, whose jobs name their source. Templated.
    :param job_id: id of the job. Templated.
    :param known_job_ids: ids of the jobs that were there before, such as ``jobs_before`` of
        ``HarvestValidateSourceOperator``; an empty list means that there were none. Templated.
    :param after: aware datetime or ISO string. Templated.
    :param harvest_conn_id: the connection; default ``harvest_default``. Templated.
    :param start_timeout: how long a job may take to appear, in seconds or as ``timedelta``; counted from the next
        tick of the source's cron where ``after`` or nothing says which job. Default None: only ``timeout`` ends it.
    :param run_timeout: how long the job may run; 24 h.
    :param stall_timeout: how long nothing may move between two items of the job; 2 h.
    :param first_item_timeout: how long the job may go without its first item; 6 h.
    :param max_poll_failures: failed polls in a row after which the wait ends with an error; 10. A rescheduled sensor
        stays on its worker while polls fail.
    :param deferrable: whether the wait uses a triggerer instead of a worker slot; default: Airflow's
        ``operators.default_deferrable``.
    :param max_failed_items: how many items may fail; 0 unless ``max_failed_ratio`` is given.
    :param max_failed_ratio: how many of the done, failed and skipped items may fail, 0 to 1; all given limits hold.
    :param min_done_items: how many items must be done; 1. Archived and skipped items never count.
    :param max_skipped_items: how many items may be skipped (such as records without an identifier, whose datasets the
        portal archives later); None (default) sets no such limit.
    :param max_skipped_ratio: how many of the done, failed and skipped items may be skipped, 0 to 1. None (default), and
        no ``max_skipped_items``: half, or more where none of the last ten harvests skipped less.
    :param fail_on_job_errors: whether errors of the job itself fail it although it is done; True.
    :param remote_ids: judge these records only: each must be done. Templated.
    :param fail_on_outcome: False: the task succeeds whatever the verdict is; the verdict is in the result.
    :returns: the result dict (docs/reference.md), also pushed as XCom ``harvest_result`` before a failing task raises.
    """

    template_fields: Sequence[str] = ("harvest_conn_id", "source_id", "job_id", "known_job_ids", "after", "remote_ids")
    operator_extra_links = (HarvestSourceLink(), HarvestJobLink())

    def __init__(
        self,
        *,
        source_id: str | None = None,
        job_id: str | None = None,
        known_job_ids: Collection[str] | None = None,
        after: datetime | str | None = None,
        harvest_conn_id: str = "harvest_default",
        start_timeout: float | timedelta | None = None,
        run_timeout: float | timedelta = 24 * 3600,
        stall_timeout: float | timedelta = 2 * 3600,
        first_item_timeout: float | timedelta = 6 * 3600,
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
        self.harvest_conn_id = harvest_conn_id
        self.source_id = source_id
        self.job_id = job_id
        self.known_job_ids = known_job_ids
        self.after = after
        self.start_timeout = start_timeout
        self.run_timeout = run_timeout
        self.stall_timeout = stall_timeout
        self.first_item_timeout = first_item_timeout
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
        self._wait: JobWait | None = None
        self._source: HarvestSource | None = None
        self._next_look = 0.0

    # --- Airflow's entry points ------------------------------------------------------------------------------

    def execute(self, context: Context) -> Any:
        """Wait: by deferring, or as every Airflow sensor does (poke, reschedule)."""
        if not self.is_deferring():
            return super().execute(context)
        with self.errors(context, soft_fail=self.soft_fail):
            begun = self._begin(context)
            client = begun.client
            plan, ended = self.wait(context, client, begun.plan, lambda known: self._show_job(context, client, known))
            return self._end(context, client, plan, ended)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on where the trigger left off; everything that is needed comes in its event."""
        with self.errors(context, soft_fail=self.soft_fail):
            plan, ended = self.read_event(event)
            client = self.connect_again()
            if ended.state != plans.ENDED:  # the portal may be down: nothing more is read
                raise self._why_given_up(context, client, plan, ended)
            return self._end(context, client, plan, ended)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look once."""
        with self.errors(context, soft_fail=self.soft_fail):
            if self._wait is None:
                self._wait = self._begin_again(context)
            clock = self._wait.client.clock
            if clock.now() < self._next_look:
                return False
            poll = self._poll(self._wait)
            # Nothing is kept between the pokes of a rescheduled sensor, not even failures: while the portal
            # cannot be read, it stays on the worker, so that as many in a row as elsewhere end the wait.
            while self.reschedule and not poll.has_looked and not poll.is_final:
                clock.sleep(poll.pause)
                poll = self._poll(self._wait)
            self._show_job(context, self._wait.client, self._wait.plan)
            if poll.is_final:
                result = self._end(context, self._wait.client, self._wait.plan, poll)
                return PokeReturnValue(is_done=True, xcom_value=result)
            self._next_look = clock.now() + poll.pause if poll.pause > self.poke_interval else 0.0
            # Airflow treats what is raised here as a failure if it is set to swallow those.
            swallows = getattr(self, "never_fail", False) or getattr(self, "silent_fail", False)
            if self._next_look and self.reschedule and not swallows:
                when = datetime.fromtimestamp(self._next_look, tz=timezone.utc)
                raise AirflowRescheduleException(when)  # type: ignore[no-untyped-call]
            return False

    # --- what is waited for ----------------------------------------------------------------------------------

    @property
    def poll_interval(self) -> float:
        """Seconds between two polls: Airflow's ``poke_interval``."""
        return float(self.poke_interval)

    def deadline_from(self, now: float) -> float | None:
        """Return when the sensor's ``timeout`` is over; also of a try that began earlier."""
        return now + float(self.timeout)

    def _begin(self, context: Context) -> JobWait:
        """Check what was given, and return the wait for the job that is meant."""
        self._refuse_bad_input()
        client = self.hook.get_conn()
        # Rescheduled, the sensor began with its first poke, maybe in another process.
        first = first_reschedule_of(context) if self.reschedule else None
        began = client.clock.now() if first is None else first
        # A retry takes what ended since the first try began, too: a harvest may end between two tries.
        memory = None if first is not None else TaskMemory(context, began)
        portal = PortalMemory(context, client) if self.reschedule else None
        read = self._read(client, is_first=first is None)
        client.settle_clock()
        here, there = client.clock.now(), client.portal_now()
        began = runs.on_portal_clock(began, here, there)
        if memory is not None:
            memory.about(read.source_id, here, there)
        since = began if memory is None else memory.intent.first_started
        plan = self._plan(client, read.source_id, began, since)
        wait = waiting.JobWait(plan, client, read.jobs, read.job)
        self._source = read.source
        if read.jobs is not None and wait.find(read.jobs) is None:
            wait = waiting.JobWait(self._until_there_may_be_one(client, plan, read.jobs), client, read.jobs)
        self.push_links(context, source_url=client.source_url(read.source_id), job_url="")
        if portal is not None:
            portal.keep()
        return wait

    def _read(self, client: HarvestClient, *, is_first: bool) -> _Read:
        """Read what the wait begins with. A later poke knows the source by its id and reads no more than it needs."""
        if self.job_id is not None and self.source_id is None:
            job = client.get_job(str(self.job_id).strip(), keyed=False)
            if job.source_id and not is_first:
                return _Read(job.source_id, None, job=job)
            source = self._source_of_job(client, job)
            return _Read(source.id, source, job=job)
        ident = checks.check_id(self.source_id, "source_id")
        is_known = checks.is_object_id(ident) and not is_first
        known = None if is_known else resolve_source(client, ident)
        source_id = ident if known is None else known.id
        if self.job_id is not None:
            return _Read(source_id, known, job=client.peek_job(str(self.job_id).strip()) if known is None else None)
        return _Read(source_id, known, client.recent_jobs(source_id))

    def _plan(self, client: HarvestClient, source_id: str, began: float, since: float) -> WaitPlan:
        """Return which job is waited for.

        :param began: when the sensor began, by the portal's clock.
        :param since: the same of its first try.
        """
        if self.job_id is not None:
            return self.plan(client, source_id, results.WAITED, job_id=str(self.job_id).strip(), begun=began)
        if self.known_job_ids is not None:
            limit = self._start_limit()
            until = None if limit is None else began + limit
            known = tuple(str(job_id) for job_id in self.known_job_ids)
            return self.plan(client, source_id, results.WAITED, known=known, start_deadline=until, begun=began)
        if self.after is not None:
            given = checks.as_datetime(self.after, "after").timestamp()
            after = runs.on_portal_clock(given, client.clock.now(), client.portal_now())
            return self.plan(client, source_id, results.WAITED, after=after, begun=began)
        return self.plan(client, source_id, results.WAITED, ended_after=since, begun=began)

    def _start_limit(self) -> float | None:
        return None if self.start_timeout is None else checks.as_seconds(self.start_timeout, "start_timeout")

    def _until_there_may_be_one(self, client: HarvestClient, plan: WaitPlan, jobs: list[HarvestJob]) -> WaitPlan:
        """Return a plan that knows when a job may come of the source, which is read if it was not yet.

        :raises HarvestSourceNotRunnable: if none may; a source that is still to be accepted may get one.
        """
        source = self._source or client.get_source(plan.source_id, keyed=False)
        self._source = source
        problem = None if source.is_awaited else runs.why_not_runnable(source)
        if problem:
            raise HarvestSourceNotRunnable(problem)
        if plan.known is not None:
            return plan
        return self.until_portal_runs(client, source, plan, self._start_limit(), jobs)

    def _poll(self, wait: JobWait) -> Poll:
        poll = wait.poll()
        for line in poll.lines:
            self.log.info("%s", line)
        return poll

    def _begin_again(self, context: Context) -> JobWait:
        """Begin; a rescheduled sensor has begun before, so that a portal that is down is borne as in any wait."""
        if not self.reschedule or first_reschedule_of(context) is None:
            return self._begin(context)
        doubts, failures = passing.Doubts(), 0
        while True:
            try:
                return self._begin(context)
            except HarvestError as error:
                if doubts.believes(error):
                    raise
                failures += 1
                if failures > self.max_poll_failures:
                    raise HarvestPortalUnreachable(
                        f"The portal could not be read {failures} times in a row; the last time: {error}"
                    ) from error
                self.log.warning("%s Polling again (%d of %d failures).", error, failures, self.max_poll_failures)
                self.hook.get_conn().clock.sleep(max(self.poll_interval, backoff.asked_pause(error)))

    def _refuse_bad_input(self) -> None:
        given = [name for name in ("job_id", "known_job_ids", "after") if getattr(self, name) is not None]
        if len(given) > 1:
            raise HarvestInvalidInput(f"{' and '.join(given)} both say which job to wait for: give one of them.")
        if self.source_id is None and self.job_id is None:
            raise HarvestInvalidInput("Nothing says which job to wait for: give source_id or job_id.")
        if self.job_id is not None:
            checks.check_id(self.job_id, "job_id", slug=False)
        if isinstance(self.known_job_ids, str) or not isinstance(self.known_job_ids or (), Collection):
            raise HarvestInvalidInput(f"known_job_ids is {self.known_job_ids!r}: give a list of ids, such as [].")
        self.outcome_policy()
        self.limits()
        checks.as_count(self.max_poll_failures, "max_poll_failures")
        if self.after is not None:
            checks.as_datetime(self.after, "after")
        if self.start_timeout is not None:
            checks.as_seconds(self.start_timeout, "start_timeout")

    def _source_of_job(self, client: HarvestClient, job: HarvestJob) -> HarvestSource:
        """Find the source of a job: from 17.0 on the job names its id, before only its name."""
        if job.source_id:
            return client.get_source(job.source_id, keyed=False)
        fields = "name,url,backend,last_job{id,status}"
        listed = list(client.iter_sources(fields=fields))
        found = [source for source in listed if source.last_job and source.last_job.id == job.id]
        found = found or [source for source in listed if source.name == job.source_name]
        if len(found) != 1:
            raise HarvestNotFound(
                f"The source of job {self.job_id} is unknown on this portal (udata up to 16.x returns "
                f"its name only, {job.source_name!r}): give source_id, too."
            )
        return client.get_source(found[0].id, keyed=False)

    # --- how it ends -----------------------------------------------------------------------------------------

    def _end(self, context: Context, client: HarvestClient, plan: WaitPlan, ended: Poll) -> dict[str, Any]:
        if ended.state != plans.ENDED:
            raise self._why_given_up(context, client, plan, ended)
        source = self._source or client.get_source(plan.source_id, keyed=False)
        result = conclude.conclude(client, source, str(plan.job_id), plan.how, self.outcome_policy(), job=ended.job)
        delivered: dict[str, Any] = self.deliver(context, client, source, result, fail=self.fail_on_outcome)
        forget_soon(context, plan.begun)
        return delivered

    def _why_given_up(self, context: Context, client: HarvestClient, plan: WaitPlan, ended: Poll) -> Exception:
        if ended.state != plans.TIMED_OUT:
            return self.why_wait_ended(context, client, plan, ended)
        message = f"{ended.detail} The sensor's timeout is over; the harvest itself, if there is one, continues."
        # Told here: Airflow 3.0 and 3.1 let a timeout fail a deferred sensor in spite of soft_fail.
        return AirflowSkipException(message) if self.soft_fail else AirflowSensorTimeout(message)

    def _show_job(self, context: Context, client: HarvestClient, plan: WaitPlan) -> None:
        if plan.job_id is not None:
            self.push_links(context, job_url=client.job_url(plan.source_id, plan.job_id))
