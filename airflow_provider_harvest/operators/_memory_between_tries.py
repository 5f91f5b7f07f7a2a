"""What a task remembers across its tries, so that a retry never requests a second harvest; used by the run operator.

Airflow clears a task's XComs at each try, so they cannot hold it. Airflow 3.3 has a state store (``task_state_store``);
before, only the time at which the task instance first started can be known, and only on 2.11.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest.portal.clock import on_portal_clock
from airflow_provider_harvest.portal.waiting.serialization import known_fields

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context
    from airflow_provider_harvest.portal.client import HarvestClient
    from airflow_provider_harvest.portal.statuses import How

log = logging.getLogger(__name__)

_KEY = "harvest_run"
_PORTAL_KEY = "harvest_portal"
#: How long what a task remembers is kept after it has ended well: what Airflow's cleanup may remove then.
KEPT_AFTER_END = timedelta(days=1)
#: How long what a poke has learned is kept for the next ones.
KEPT_BETWEEN_POKES = timedelta(days=7)


@dataclass(frozen=True)
class Intent:
    """What this task instance has requested from a portal since it was last cleared. Times are seconds since the epoch.

    :param source_id: the source that it is about, "" before that is known; another one (a changed template) makes the
        intent void.
    :param max_tries: ``ti.max_tries`` when it was made: constant over retries, another one after a clear.
    :param first_started: when the first try started.
    :param known: ids of the jobs that existed before the request.
    :param not_before: jobs that began earlier existed before it, too; by the portal's clock.
    :param asked_at: when the harvest was requested, or about to be; None before that.
    :param job_id: the job of this request.
    :param how: ``started``, ``attached`` or ``waited``, once decided.
    :param passed_over: ids of jobs that are dead or were judged by an earlier try.
    :param may_archive: whether a guarded run has compared a harvest already, and the next one archives what is due.
    :param held_from: when a guarded run was about to switch archiving off; None if none was. By the portal's clock.
    :param is_portal_time: whether the times are by the portal's clock; those of a try that has not reached the portal
        yet, and those that version 0.1 stored, are by its worker's.
    """

    source_id: str
    max_tries: int | None
    first_started: float
    known: tuple[str, ...] = ()
    not_before: float | None = None
    asked_at: float | None = None
    job_id: str | None = None
    how: How | None = None
    passed_over: tuple[str, ...] = ()
    may_archive: bool = False
    held_from: float | None = None
    is_portal_time: bool = False

    def on_portal_clock(self, here: float, there: float) -> Intent:
        """Return the intent with its times by the portal's clock.

        :param here: this machine's clock.
        :param there: the portal's.
        """
        if self.is_portal_time:
            return self
        asked = None if self.asked_at is None else on_portal_clock(self.asked_at, here, there)
        first = on_portal_clock(self.first_started, here, there)
        return replace(self, first_started=first, asked_at=asked, is_portal_time=True)

    def spent(self) -> Intent:
        """Return the intent of a task whose job is finished: the next try requests a new harvest."""
        over = (*self.passed_over, self.job_id) if self.job_id else self.passed_over
        return replace(self.not_asked(), job_id=None, passed_over=over, may_archive=False)

    def not_asked(self) -> Intent:
        """Return the intent of a task whose request was certainly not carried out."""
        return replace(self, asked_at=None, how=None, known=(), not_before=None)


class TaskMemory:
    """Reads and writes the intent of the task instance that runs.

    Made before anything is sent: if Airflow has a state store, the start of the first try is stored immediately.

    :param context: Airflow's task context.
    :param now: seconds since the epoch; when this try started.
    :param is_portal_time: whether ``now`` is by the portal's clock; default False, by this machine's.
    """

    def __init__(self, context: Context, now: float, *, is_portal_time: bool = False) -> None:
        self._ti: Any = context.get("ti")
        self._store: Any = context.get("task_state_store")
        self._max_tries = getattr(self._ti, "max_tries", None)
        self._fresh = Intent("", self._max_tries, now, is_portal_time=is_portal_time)
        self._is_stored = True
        self._has_warned = False
        self.is_durable = self._store is not None
        self.is_retry = is_retry(context)
        self.first_try = _first_try(context)
        stored = self._load()
        start = first_start_of(context) if self.is_retry and not self.is_durable else None
        self.knows_start = not self.is_retry or stored is not None or start is not None
        begun = self._fresh if start is None else replace(self._fresh, first_started=start, is_portal_time=False)
        self.intent = stored or begun
        if stored is None:
            self.save(self.intent)

    def about(self, source_id: str, here: float | None = None, there: float | None = None) -> None:
        """Set which source the task is about; what was remembered of another one is void.

        :param source_id: its id.
        :param here: this machine's clock, once the portal has responded.
        :param there: the portal's clock then.
        """
        if self.intent.source_id not in ("", source_id):
            log.info("This task was about another source (%s): it requests a new harvest.", self.intent.source_id)
            self.intent = self._fresh
        intent = replace(self.intent, source_id=source_id)
        if here is not None and there is not None:
            intent = intent.on_portal_clock(here, there)
        if intent != self.intent:
            self.note(intent)

    def save(self, intent: Intent, **kept: Any) -> None:
        """Remember an intent; if Airflow has no state store, only for this try.

        :param kept: how long Airflow keeps it, if not for as long as its configuration says.
        """
        if self._store is not None:
            value = {**asdict(intent), "known": list(intent.known), "passed_over": list(intent.passed_over)}
            self._store.set(_KEY, value, **kept)
        self.intent, self._is_stored = intent, True

    def end(self) -> None:
        """Let Airflow forget the intent soon: the wait has ended for good. Never raises.

        Not at once: a task whose worker is killed before Airflow knows of the success is tried again, and must not
        request a second harvest.
        """
        if self._store is None:
            return
        try:
            self.save(self.intent, retention=KEPT_AFTER_END)
        except Exception as error:
            log.debug("The state store was not written (%s): Airflow deletes the entry later.", type(error).__name__)

    def note(self, intent: Intent) -> None:
        """Remember what no promise depends on: a failure to store it is logged, and repaired by :meth:`repeat`."""
        self.intent, self._is_stored = intent, False
        self.repeat()

    def repeat(self) -> None:
        """Store what could not be stored."""
        if self._is_stored:
            return
        try:
            self.save(self.intent)
        except Exception as error:  # Airflow's API raises errors of its own and of its HTTP library
            if not self._has_warned:
                log.warning(
                    "Airflow's state store cannot be written (%s); trying again at each check.", type(error).__name__
                )
            self._has_warned = True

    def update(self, **changes: Any) -> None:
        """Change some of what is remembered.

        :raises Exception: if it cannot be stored: a retry would repeat the request that follows.
        """
        self.save(replace(self.intent, **changes))

    def _load(self) -> Intent | None:
        data = self._store.get(_KEY) if self._store is not None else None
        if not isinstance(data, dict):
            return None
        lists = {name: tuple(data.get(name) or ()) for name in ("known", "passed_over")}
        defaults = {"source_id": "", "max_tries": self._max_tries, "first_started": self._fresh.first_started}
        intent = Intent(**{**defaults, **known_fields(Intent, data), **lists})
        if intent.max_tries != self._max_tries:
            log.info("This task was cleared since it last ran: it requests its own harvest.")
            return None
        return intent


class PortalMemory:
    """What a poke has learned of the portal's release, kept for the next poke; losing it costs one request.

    :param context: Airflow's task context.
    :param client: of the portal; it is given what an earlier poke has kept.
    """

    def __init__(self, context: Context, client: HarvestClient) -> None:
        self._store: Any = context.get("task_state_store")
        self._client = client
        self._kept: Any = None
        if self._store is not None:
            with suppress(Exception):  # Airflow's API raises errors of its own and of its HTTP library
                self._kept = self._store.get(_PORTAL_KEY)
            client.learn(self._kept)

    def keep(self) -> None:
        """Store what was learned, if it is new."""
        if self._store is None:
            return
        learned = self._client.dialect.to_dict()
        if learned and learned != self._kept:
            with suppress(Exception):
                self._store.set(_PORTAL_KEY, learned, retention=KEPT_BETWEEN_POKES)


def forget_soon(context: Context, begun: float) -> None:
    """Let Airflow forget soon what an earlier process of this task remembered. Never raises.

    :param context: Airflow's task context.
    :param begun: when the wait began, by the portal's clock.
    """
    with suppress(Exception):  # Airflow's API raises errors of its own and of its HTTP library
        TaskMemory(context, begun, is_portal_time=True).end()


def first_start_of(context: Context) -> float | None:
    """Return when the first try since the last clear started, from Airflow's history; None if it keeps none for us.

    Airflow 2.11 lets a worker read its database; 3.0 to 3.2 return nothing about earlier tries.
    """
    ti: Any = context.get("ti")
    if not has_database(context):
        return None
    try:
        from airflow.models.taskinstancehistory import TaskInstanceHistory
        from airflow.utils.session import create_session

        with create_session() as session:
            starts = (
                session.query(TaskInstanceHistory.start_date)
                .filter_by(dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index)
                .filter(TaskInstanceHistory.try_number >= _first_try(context))
                .all()
            )
    except Exception:  # Airflow's database may be away, with errors of its own
        log.debug("Airflow's history of this task cannot be read.", exc_info=True)
        return None
    return min((start.timestamp() for (start,) in starts if start is not None), default=None)


def has_database(context: Context) -> bool:
    """Whether a task may use Airflow's database: on Airflow 2 its instance is a row of it.

    Tasks of Airflow 3 have no access, and would load all models for seconds to find that out.
    """
    return hasattr(context.get("ti"), "__table__")


def first_reschedule_of(context: Context) -> float | None:
    """Return when a rescheduled task first started; None at its first poke."""
    ti: Any = context.get("ti")
    if hasattr(ti, "get_first_reschedule_date"):  # Airflow 3
        first = ti.get_first_reschedule_date(context)
    else:
        from airflow.sensors.base import _orig_start_date  # type: ignore[import-not-found]  # Airflow 2.11

        first = _orig_start_date(ti.dag_id, ti.task_id, ti.run_id, ti.map_index, _first_try(context))
    return None if first is None else first.timestamp()


def is_retry(context: Context) -> bool:
    """Whether an earlier try of this task has begun since it was last cleared."""
    ti: Any = context.get("ti")
    return getattr(ti, "try_number", 1) > _first_try(context)


def _first_try(context: Context) -> int:
    """Number of the first try since the last clear: a clear sets ``max_tries`` to ``try_number + retries``."""
    ti: Any = context.get("ti")
    task: Any = context.get("task") or getattr(ti, "task", None)
    retries = getattr(task, "retries", 0) or 0
    return (getattr(ti, "max_tries", None) or 0) - retries + 1
