"""Keeps a task's state from run to run, so that the newest pass is found on every database; of health and guard.

Airflow sorts XComs of earlier runs by the runs' logical dates. A run that was triggered by hand or by an asset may
have none (Airflow 3): PostgreSQL sorts it before all others, SQLite after them. So runs with and without a logical
date keep their states under separate keys, within which every database sorts alike, and the newer of the two counts,
by the time of the pass. Airflow 2.11 gives every run a logical date, which for a scheduled run is the begin of its
interval, and lets a task read the database: there the XCom that was written last counts.

Airflow 3.3's state stores are not suitable: a task's store belongs to one run, an asset's is deleted with its last DAG.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_provider_harvest._compat import XCom

if TYPE_CHECKING:
    from airflow_provider_harvest._compat import Context

log = logging.getLogger(__name__)


def dated(key: str) -> str:
    """Return the key of the state that a run with a logical date leaves."""
    return f"{key}_dated"


def undated(key: str) -> str:
    """Return the key of the state that a run without a logical date leaves."""
    return f"{key}_undated"


def push_state(context: Context, key: str, state: dict[str, Any]) -> None:
    """Leave the state of this pass for the next run.

    :param context: Airflow's task context.
    :param key: of the XCom.
    :param state: what the pass leaves, with ``at``: the seconds since the epoch by which the newest one is found.
    """
    dag_run: Any = context.get("dag_run")
    is_dated = dag_run is None or getattr(dag_run, "logical_date", None) is not None
    for name in (key, dated(key) if is_dated else undated(key)):
        context["ti"].xcom_push(key=name, value=state)


def pull_state(context: Context, task_id: str, key: str) -> Any:
    """Return the state of the newest earlier pass of this task; None if there is none.

    :param context: Airflow's task context.
    :param task_id: the task.
    :param key: of the XCom.
    """
    if hasattr(XCom, "get_many"):  # Airflow 2.11
        state = _written_last(context, key)
        if state is not None:
            return state
    states = [_pulled(context, task_id, name) for name in (dated(key), undated(key))]
    return max((state for state in states if state), key=_time_of, default=None)


def _pulled(context: Context, task_id: str, key: str) -> Any:
    ti: Any = context["ti"]
    map_index = getattr(ti, "map_index", -1)
    return ti.xcom_pull(task_ids=task_id, key=key, include_prior_dates=True, map_indexes=map_index)


def _time_of(state: object) -> float:
    at = state.get("at") if isinstance(state, dict) else None
    return float(at) if isinstance(at, (int, float)) else 0.0


def _written_last(context: Context, key: str) -> Any:
    ti: Any = context["ti"]
    store: Any = XCom
    try:
        from airflow.utils.session import create_session

        with create_session() as session:
            found = (
                session.query(store)
                .filter_by(dag_id=ti.dag_id, task_id=ti.task_id, map_index=ti.map_index, key=key)
                .order_by(store.timestamp.desc())
                .with_entities(store.value)
                .first()
            )
        return None if found is None else store.deserialize_value(found)
    except Exception:
        log.debug("Airflow's database cannot be read: earlier states are pulled as XComs.", exc_info=True)
        return None
