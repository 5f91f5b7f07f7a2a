"""Imitates Airflow: runs a task try after try, as a scheduler and its workers would; for the chaos cycles only."""

from __future__ import annotations

import json
import logging
import os
import threading
import traceback
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn
from unittest import mock

import structlog

from airflow_provider_harvest._compat import AirflowFailException, AirflowSensorTimeout
from airflow_provider_harvest.exceptions import HarvestError, HarvestJobNotStarted
from airflow_provider_harvest.hooks import harvest as hook_module
from airflow_provider_harvest.portal.clock import Clock
from airflow_provider_harvest.portal.http import session
from airflow_provider_harvest.portal.http.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

#: Seconds that a read, and a write, may go without a response here.
READ_TIMEOUT, WRITE_TIMEOUT = 1.0, 3.0
#: Pauses are this many times as short as they are meant; the times that are read are the real ones.
HURRY = 20.0
RETRIES = 12
#: Tries in a row that must find no job before a task is cleared: one shows it, one more that a retry does not ask.
_LOOKS_FOR_LOST = 2


class _HurriedClock(Clock):
    def sleep(self, seconds: float) -> None:
        super().sleep(seconds / HURRY)


class Output(logging.Handler):
    """All that is logged, by thread, with tracebacks, as it is before Airflow masks it.

    :param secret: what must be in none of it.
    """

    def __init__(self, secret: str) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.leaks: list[str] = []
        self._secret = secret
        self._lines: dict[int, list[str]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        self._keep(self.format(record))

    def take_event(self, logger: object, method: str, event: MutableMapping[str, Any]) -> NoReturn:
        """Be structlog's only processor: the loggers of Airflow 3 tasks are not those of the standard library."""
        failure = traceback.format_exc() if event.pop("exc_info", None) else ""
        self._keep(f"{method.upper()} {event.pop('event', '')} {dict(event) or ''}{failure}".rstrip())
        raise structlog.DropEvent

    def _keep(self, line: str) -> None:
        self._lines.setdefault(threading.get_ident(), []).append(line)
        if self._secret in line:
            self.leaks.append(line.replace(self._secret, "<the key>"))

    def take(self) -> list[str]:
        """Return, and forget, what this thread has logged."""
        return self._lines.pop(threading.get_ident(), [])


@contextmanager
def hurried(secret: str) -> Iterator[Output]:
    """Make every client wait little, and collect what is logged at all levels.

    :param secret: the key that nothing may show.
    """
    output = Output(secret)
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    root.handlers[:] = [output]
    root.setLevel(logging.DEBUG)
    events = structlog.get_config()
    structlog.configure(**{**events, "processors": [output.take_event], "cache_logger_on_first_use": False})
    impatient = partial(hook_module._client, clock=_HurriedClock(), retry=RetryPolicy())
    try:
        with ExitStack() as patches:
            patches.enter_context(mock.patch.object(hook_module, "_client", impatient))
            patches.enter_context(mock.patch.object(session, "LONG_TIMEOUT", WRITE_TIMEOUT))
            yield output
    finally:
        structlog.configure(**events)
        root.handlers[:] = handlers
        root.setLevel(level)


@contextmanager
def connection(conn_id: str, url: str, key: str) -> Iterator[None]:
    """Give Airflow a connection."""
    name = f"AIRFLOW_CONN_{conn_id.upper()}"
    extra = {"timeout": READ_TIMEOUT, "min_poll_interval": 0.1}
    os.environ[name] = json.dumps({"conn_type": "harvest", "host": url, "password": key, "extra": extra})
    try:
        yield
    finally:
        del os.environ[name]


class _Store(dict[str, Any]):
    """What Airflow 3.3 keeps for a task across its tries: JSON."""

    def set(self, key: str, value: Any, *, retention: timedelta | None = None) -> None:
        self[key] = json.loads(json.dumps(value))


@dataclass
class Ended:
    """How a task ended.

    :param state: ``success``; ``failed``, without a retry; or ``exhausted``, with no retries left.
    :param value: what it returned, None unless it succeeded.
    :param error: what its last try failed with, None if it succeeded.
    :param tries: how many tries it took.
    :param clears: how often a user had to clear it, since the request to run had been lost.
    :param shown: all that a user could see of it apart from the log: XComs, memory, errors with their causes.
    """

    state: str
    value: dict[str, Any] | None = None
    error: BaseException | None = None
    tries: int = 0
    clears: int = 0
    shown: list[str] = field(default_factory=list)


def run_task(kind: type[Any], **arguments: Any) -> Ended:
    """Run a task as Airflow does: a new operator for each try, the same memory, retries unless it fails for good.

    A task whose job does not appear in two tries running is cleared, which is how a user makes it ask again.
    """
    store = _Store()
    xcoms: dict[str, Any] = {}
    dag_run = SimpleNamespace(start_date=datetime.now(timezone.utc))
    max_tries, unstarted = RETRIES, 0
    ended = Ended("exhausted")
    while ended.tries <= max_tries:
        ended.tries += 1
        xcoms.clear()  # as Airflow does before each try
        task = kind(task_id="task", retries=RETRIES, **arguments)
        ti = SimpleNamespace(
            try_number=ended.tries,
            max_tries=max_tries,
            task=task,
            xcom_push=lambda key, value: xcoms.__setitem__(key, value),
        )
        try:
            value = task.execute({"ti": ti, "task": task, "task_state_store": store, "dag_run": dag_run})
        except (AirflowFailException, AirflowSensorTimeout) as error:
            ended.state, ended.error = "failed", error
        except HarvestError as error:
            ended.error = error
            unstarted = unstarted + 1 if isinstance(error, HarvestJobNotStarted) else 0
        else:
            ended.state, ended.value, ended.error = "success", value, None
        ended.shown += [json.dumps(xcoms), json.dumps(store), repr(ended.value)]
        if ended.error is not None:
            ended.shown += traceback.format_exception(ended.error)
        if ended.state != "exhausted":
            break
        if unstarted == _LOOKS_FOR_LOST:
            ended.clears, unstarted, max_tries = ended.clears + 1, 0, ended.tries + RETRIES
    return ended
