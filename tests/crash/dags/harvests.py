"""DAGs of one task each that harvest, validate, guard or release the source that a test names, and die where it says.

The product knows nothing of this: here, in the task's own process, a few of its methods are wrapped. At each named
point the process leaves a mark with its id in the folder of the run; the first to reach the point ``at`` then sends
itself ``signal``.
"""

from __future__ import annotations

import functools
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    from airflow.sdk import DAG, Asset, get_current_context, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.datasets import Dataset as Asset  # type: ignore[import-not-found, no-redef]
    from airflow.decorators import task  # type: ignore[attr-defined, no-redef]
    from airflow.operators.python import get_current_context  # type: ignore[import-not-found, no-redef]

from airflow_provider_harvest.operators._memory_between_tries import TaskMemory
from airflow_provider_harvest.operators._wait_arguments import HarvestWaitingTask
from airflow_provider_harvest.operators.guard import HarvestGuardOperator
from airflow_provider_harvest.operators.job import HarvestRunSourceOperator
from airflow_provider_harvest.operators.source import HarvestValidateSourceOperator
from airflow_provider_harvest.portal.client import HarvestClient

if TYPE_CHECKING:
    from collections.abc import Callable

_PARAMS = {"source_id": "", "connection": "harvest_default", "at": "", "signal": "SIGKILL"}


def _reach(point: str) -> None:
    """Leave a mark, and die if it is here that this run is to."""
    context = get_current_context()
    folder = Path(os.environ["CRASH_MARKS"]) / str(context["run_id"])
    earlier = len(list(folder.glob(f"{point}.*")))
    (folder / f"{point}.{earlier + 1}").write_text(str(os.getpid()))
    if point == context["params"]["at"] and not earlier:
        os.kill(os.getpid(), signal.Signals[context["params"]["signal"]])


def _wrap(owner: type[Any], name: str, before: str | None = None, after: str | None = None) -> None:
    """Make a method reach one point before it does anything, and another when it is done."""
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            _reach(before)
        answer = original(*args, **kwargs)
        if after:
            _reach(after)
        return answer

    setattr(owner, name, wrapped)


def _wrap_intent() -> None:
    """Make the storing of an intent to ask reach a point before it; other things are stored as well."""
    original = TaskMemory.save

    def save(self: TaskMemory, intent: Any, **kept: Any) -> None:
        if intent.asked_at is not None and intent.job_id is None:
            _reach("before-intent")
        original(self, intent, **kept)

    TaskMemory.save = save  # type: ignore[method-assign]


_wrap_intent()
_wrap(HarvestClient, "run_source", before="before-run", after="after-run")
_wrap(HarvestClient, "validate_source", before="before-validate", after="after-validate")
_wrap(HarvestClient, "update_source", before="before-update", after="after-update")
_wrap(HarvestRunSourceOperator, "execute_complete", before="resumed")
HarvestWaitingTask.worker_patience = 0.0
#: The folder in which the tasks of several runs see each other.
_OUTLETS = [Asset(uri="harvest-test://shared")]
_HARVESTS: dict[str, dict[str, Any]] = {
    "on_worker": {"deferrable": False},
    "impatient": {"deferrable": False, "start_timeout": 5},
    "deferred": {"deferrable": True},
    "guarded": {"deferrable": False, "guard": True},
    "guarded_deferred": {"deferrable": True, "guard": True},
    "with_outlet": {"deferrable": False, "outlets": _OUTLETS},
    "with_outlet_deferred": {"deferrable": True, "outlets": _OUTLETS},
}

for _dag_id, _arguments in _HARVESTS.items():
    with DAG(_dag_id, schedule=None, params=_PARAMS):
        HarvestRunSourceOperator(
            task_id="harvest",
            harvest_conn_id="{{ params.connection }}",
            source_id="{{ params.source_id }}",
            poll_interval=1,
            retries=2,
            retry_delay=1,
            **_arguments,
        )

with DAG("validate", schedule=None, params=_PARAMS):
    HarvestValidateSourceOperator(
        task_id="harvest",
        harvest_conn_id="{{ params.connection }}",
        source_id="{{ params.source_id }}",
        retries=2,
        retry_delay=1,
    )

with DAG("guard", schedule=None, params=_PARAMS):
    HarvestGuardOperator(
        task_id="harvest",
        harvest_conn_id="{{ params.connection }}",
        source_ids="{{ params.source_id }}",
        mode="hold",
        retries=2,
        retry_delay=1,
    )

with DAG("release", schedule=None, params=_PARAMS):

    @task(task_id="harvest", retries=2, retry_delay=timedelta(seconds=1))
    def accept(source_id: str) -> bool:
        """Let the portal archive what the guard holds, as the example DAG does; return whether this try did it."""
        from airflow_provider_harvest.hooks.harvest import HarvestHook
        from airflow_provider_harvest.portal.guard.hold_and_release import is_held, release

        with HarvestHook() as hook:
            return is_held(hook.get_source(source_id)) and release(hook.get_conn(), source_id, accept=True)[1]

    accept("{{ params.source_id }}")
