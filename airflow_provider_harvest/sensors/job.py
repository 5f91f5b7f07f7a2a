"""The sensor that waits for a harvest started by others: the portal itself, or another task."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import AirflowRescheduleException, BaseSensorOperator, PokeReturnValue
from airflow_provider_harvest.exceptions import HarvestInvalidInput
from airflow_provider_harvest.links.harvest import HarvestJobLink, HarvestSourceLink
from airflow_provider_harvest.operators._wait_arguments import HarvestWaitingTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.outcome.result import HarvestResult
    from airflow_provider_harvest.portal.waiting.job_wait import JobWait
    from airflow_provider_harvest.sensors._sensor_wait import SensorWait


class HarvestJobSensor(HarvestWaitingTask, BaseSensorOperator):
    """Wait for a harvest job to end, and succeed only if it meets the criteria. Needs no API key.

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
        tick of the source's cron if only ``after``, or nothing, says which job. Default None: only ``timeout`` ends it.
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
        no ``max_skipped_items``: half, or more if each of the last ten harvests skipped more than half.
    :param max_drop_ratio: how many fewer items may be done than in the best of the last ten harvests, as a share of its
        done ones, 0 to 1; None (default) sets no such limit.
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
        max_drop_ratio: float | None = None,
        fail_on_job_errors: bool = True,
        remote_ids: Collection[str] | None = None,
        fail_on_outcome: bool = True,
        **kwargs: Any,
    ) -> None:
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
        self.max_drop_ratio = max_drop_ratio
        self.fail_on_job_errors = fail_on_job_errors
        self.remote_ids = remote_ids
        self.fail_on_outcome = fail_on_outcome
        self._poking: tuple[SensorWait, JobWait] | None = None
        self._next_look = 0.0

    # --- Airflow's entry points ------------------------------------------------------------------------------

    def execute(self, context: Context) -> Any:
        """Wait: by deferring, or as every Airflow sensor does (poke, reschedule)."""
        from airflow_provider_harvest.sensors._sensor_wait import begin

        with self.errors(soft_fail=self.soft_fail):
            if self.is_deferring():
                task_wait, wait = begin(self, context)
                return task_wait.end(*task_wait.wait(wait.plan))
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> HarvestResult:
        """Continue after the trigger; everything that is needed comes in its event."""
        from airflow_provider_harvest.operators._task_wait import read_event
        from airflow_provider_harvest.sensors._sensor_wait import SensorWait

        with self.errors(soft_fail=self.soft_fail):
            plan, ended = read_event(event)
            # If the job has not ended, the portal may be down: nothing more is read then.
            return SensorWait(self, context, self.connect_again(), plan.source_id).end(plan, ended)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Look once."""
        from airflow_provider_harvest.sensors._sensor_wait import begin_again

        with self.errors(soft_fail=self.soft_fail):
            if self._poking is None:
                self._poking = begin_again(self, context)
            task_wait, wait = self._poking
            clock = wait.client.clock
            if clock.monotonic() < self._next_look:
                return False
            poll = task_wait.poll(wait)
            # Nothing is kept between the pokes of a rescheduled sensor, not even failures: while the portal
            # cannot be read, it stays on the worker, so that as many in a row as elsewhere end the wait.
            while self.reschedule and not poll.has_looked and not poll.is_final:
                clock.sleep(poll.pause)
                poll = task_wait.poll(wait)
            task_wait.job_changed(wait.plan)
            if poll.is_final:
                return PokeReturnValue(is_done=True, xcom_value=task_wait.end(wait.plan, poll))
            self._next_look = clock.monotonic() + poll.pause if poll.pause > self.poke_interval else 0.0
            # Airflow treats what is raised here as a failure of the poke if it is configured to ignore those.
            swallows = getattr(self, "never_fail", False) or getattr(self, "silent_fail", False)
            if self._next_look and self.reschedule and not swallows:
                when = datetime.fromtimestamp(clock.now() + poll.pause, tz=timezone.utc)
                raise AirflowRescheduleException(when)  # type: ignore[no-untyped-call]
            return False

    # --- arguments -------------------------------------------------------------------------------------------

    @property
    def poll_interval(self) -> float:
        """Seconds between two polls: Airflow's ``poke_interval``."""
        return float(self.poke_interval)

    def seconds_between_checks(self) -> float:
        """Return Airflow's ``poke_interval``."""
        return self.poll_interval

    def deadline_from(self, now: float) -> float | None:
        """Return when the wait is over: by ``timeout``, deferred also by ``execution_timeout``."""
        return now + (self._deferred_limit() if self.is_cut_short() else float(self.timeout))

    def is_cut_short(self) -> bool:
        """Whether ``execution_timeout`` ends a deferred wait before ``timeout``; on a worker Airflow sees to that."""
        return self.is_deferring() and self._deferred_limit() < float(self.timeout)

    def _deferred_limit(self) -> float:
        return float("inf") if self.execution_timeout is None else self.execution_timeout.total_seconds()

    def refuse_bad_input(self) -> None:
        """Check what was given before anything is sent.

        :raises HarvestInvalidInput: naming what is wrong.
        """
        from airflow_provider_harvest.portal.inputs import as_count, as_datetime, as_seconds, check_id

        given = [name for name in ("job_id", "known_job_ids", "after") if getattr(self, name) is not None]
        if len(given) > 1:
            raise HarvestInvalidInput(f"{' and '.join(given)} both say which job to wait for: give one of them.")
        if self.source_id is None and self.job_id is None:
            raise HarvestInvalidInput("Nothing says which job to wait for: give source_id or job_id.")
        if self.job_id is not None:
            check_id(self.job_id, "job_id", slug=False)
        if isinstance(self.known_job_ids, str) or not isinstance(self.known_job_ids or (), Collection):
            raise HarvestInvalidInput(f"known_job_ids must be a list of ids, such as [], not {self.known_job_ids!r}.")
        self.outcome_policy()
        self.limits()
        as_count(self.max_poll_failures, "max_poll_failures")
        if self.after is not None:
            as_datetime(self.after, "after")
        if self.start_timeout is not None:
            as_seconds(self.start_timeout, "start_timeout")
